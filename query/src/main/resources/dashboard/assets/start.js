// The snippets for sites, which contain this server's address and the chosen banner.

import './frame.js';
import './copy.js';
import {bannerIdOf} from './banner-id.js';

const input = document.getElementById('banner');
const error = document.getElementById('banner-error');

function fill() {
  const banner = bannerIdOf(input.value.trim());
  const isValid = banner !== null;
  error.hidden = isValid;
  error.textContent = isValid ? '' : 'A banner id is a whole number from 1 to 9223372036854775807.';
  input.setAttribute('aria-invalid', String(!isValid));
  if (!isValid) {
    return;
  }
  const counter = `${location.origin}/v1/banners/counter/${banner}`;
  const snippets = {
    'snippet-ping': `<a href="https://shop.example" ping="${counter}">…</a>`,
    'snippet-beacon': `<a href="https://shop.example" onclick="navigator.sendBeacon('${counter}')">…</a>`,
    'snippet-image': `<img src="${counter}" alt="" width="1" height="1">`,
    'snippet-curl': `curl -i ${counter}`,
  };
  for (const [id, text] of Object.entries(snippets)) {
    document.getElementById(id).textContent = text;
  }
  document.getElementById('to-banner').href = `/banners/${banner}`;
}

const asked = new URLSearchParams(location.search).get('banner');
if (asked !== null) {
  input.value = asked;
}
input.addEventListener('input', () => {
  history.replaceState(null, '', `?banner=${encodeURIComponent(input.value.trim())}`);
  fill();
});
fill();
