// Requests to the statistics API, with the token if the API asks for one.

import {askForToken, savedToken} from './token.js';

const UNAUTHORIZED = 401;
const REQUEST_TIMEOUT_MS = 30_000;

/** Thrown if the API does not give the requested answer. */
export class ApiError extends Error {
  /** @param {number} status the HTTP status; 0 if there was no answer */
  constructor(status, message) {
    super(message);
    this.status = status;
  }

  /** Whether the same request may succeed later. */
  get passes() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The address of a request. Undefined and empty parameters are left out; arrays repeat the name. */
export function address(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const each of [value].flat()) {
      if (each !== undefined && each !== '') {
        query.append(name, each);
      }
    }
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

export async function getJson(path, parameters) {
  const response = await request(address(path, parameters));
  try {
    return await response.json();
  } catch {
    throw new ApiError(0, 'The answer broke off.');
  }
}

/** Returns a successful response, or throws an ApiError. */
export async function request(url, options = {}) {
  const {accept = 'application/json', signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS)} = options;
  let response = await send(url, accept, signal);
  while (response.status === UNAUTHORIZED) {
    await askForToken();
    response = await send(url, accept, signal);
  }
  if (!response.ok) {
    throw new ApiError(response.status, await detail(response));
  }
  return response;
}

async function send(url, accept, signal) {
  const headers = {Accept: accept};
  const token = savedToken();
  if (token) {
    headers.Authorization = `Bearer ${token}`;
  }
  try {
    return await fetch(url, {headers, signal, cache: 'no-cache'});
  } catch {
    throw new ApiError(0, 'The server cannot be reached.');
  }
}

/** The sentence of an error answer (RFC 9457). */
async function detail(response) {
  const problem = await response.json().catch(() => ({}));
  return problem.detail ?? `The server answered ${response.status}.`;
}
