// The live stream: one event a second. Read with fetch, because EventSource cannot send a token.

import {address, request} from './api.js';

const LONGEST_SILENCE_MS = 5_000;
const PAUSES_MS = [500, 1_000, 2_000, 5_000, 10_000];

const state = document.getElementById('live-state');

/**
 * Follows the stream for as long as the page is visible: a browser opens only a few connections to one server, and
 * hidden pages must not hold them.
 *
 * @param {string[]} banners ids to follow besides the sum of all
 * @param {(event: object, isFirst: boolean) => void} onEvent `isFirst`: events before it were missed
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

/** The events of one connection; ends with it, however that ends, and when it was silent for too long. */
async function* events(url, outerSignal) {
  const silence = new AbortController();
  const signal = AbortSignal.any([outerSignal, silence.signal]);
  let watch;
  try {
    const watchAgain = () => {
      clearTimeout(watch);
      watch = setTimeout(() => silence.abort(), LONGEST_SILENCE_MS);
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
    // Whoever follows the stream connects again.
  } finally {
    clearTimeout(watch);
  }
}

/** The data of one block of the stream; empty for a comment. */
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
