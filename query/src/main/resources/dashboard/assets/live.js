// The live stream of one event per second. It is read with fetch, because EventSource cannot send a token.

import {address, request} from './api.js';

const MAX_SILENCE_MS = 5_000;
const PAUSES_MS = [500, 1_000, 2_000, 5_000, 10_000];

const state = document.getElementById('live-state');

/**
 * Follows the stream while the page is visible. A browser opens only a few connections to one server, and hidden pages
 * must not occupy them.
 *
 * @param {string[]} banners ids of the banners to follow besides the sum of all banners
 * @param {(event: object, isFirst: boolean) => void} onEvent `isFirst`: earlier events were missed
 */
export function follow(banners, onEvent) {
  const url = address('/v1/banners/live', {banner: banners});
  let connection = null;

  function adjust() {
    if (document.hidden) {
      connection?.abort();
      connection = null;
    } else if (connection === null) {
      connection = new AbortController();
      stayConnected(url, onEvent, connection.signal);
    }
  }

  document.addEventListener('visibilitychange', adjust);
  adjust();
}

async function stayConnected(url, onEvent, signal) {
  let failures = 0;
  while (!signal.aborted) {
    let isFirst = true;
    for await (const event of events(url, signal)) {
      failures = 0;
      show(true);
      onEvent(event, isFirst);
      isFirst = false;
    }
    if (!signal.aborted) {
      show(false);
      await new Promise((resolve) => setTimeout(resolve, PAUSES_MS[Math.min(failures++, PAUSES_MS.length - 1)]));
    }
  }
}

/** The events of one connection, until it ends in any way or is silent for too long. */
async function* events(url, outerSignal) {
  const silence = new AbortController();
  const signal = AbortSignal.any([outerSignal, silence.signal]);
  let watch;
  try {
    const watchAgain = () => {
      clearTimeout(watch);
      watch = setTimeout(() => silence.abort(), MAX_SILENCE_MS);
    };
    watchAgain();
    const response = await request(url, {accept: 'text/event-stream', signal});
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let unread = '';
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      watchAgain();
      const blocks = (unread + read.value).split('\n\n');
      unread = blocks.pop();
      yield* blocks.map(data).filter(Boolean).map((json) => JSON.parse(json));
    }
  } catch {
    // The caller connects again.
  } finally {
    clearTimeout(watch);
  }
}

/** The data of one block of the stream, which is empty for a comment. */
function data(block) {
  return block
      .split('\n')
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice('data:'.length).trim())
      .join('\n');
}

function show(isConnected) {
  const text = isConnected ? 'Live' : 'Reconnecting…';
  if (state.textContent !== text) {
    state.textContent = text;
    state.classList.toggle('on', isConnected);
    state.classList.toggle('off', !isConnected);
    state.hidden = false;
  }
}
