// The frame of all pages: marks the current page in the navigation, and finds a banner by its id.

import {bannerIdOf} from './banner-id.js';

const page = document.body.dataset.page;
document.querySelector(`.nav [data-for="${page}"]`)?.setAttribute('aria-current', 'page');

const lookup = document.getElementById('lookup');
const input = document.getElementById('lookup-banner');

lookup.addEventListener('submit', (event) => {
  event.preventDefault();
  const id = bannerIdOf(input.value.trim());
  if (id !== null) {
    location.assign(`/banners/${id}`);
    return;
  }
  input.setCustomValidity('A banner id is a whole number from 1 up.');
  input.reportValidity();
});
input.addEventListener('input', () => input.setCustomValidity(''));
