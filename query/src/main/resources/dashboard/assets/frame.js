// What all pages have around their content: the mark at the current page, the way to a banner.

import {isBannerId} from './banner-id.js';

const page = document.body.dataset.page;
document.querySelector(`.nav [data-for="${page}"]`)?.setAttribute('aria-current', 'page');

const lookup = document.getElementById('lookup');
const input = document.getElementById('lookup-banner');

lookup.addEventListener('submit', (event) => {
  event.preventDefault();
  const id = input.value.trim();
  if (isBannerId(id)) {
    location.assign(`/banners/${id}`);
    return;
  }
  input.setCustomValidity('A banner id is a whole number from 1 up.');
  input.reportValidity();
});
input.addEventListener('input', () => input.setCustomValidity(''));
