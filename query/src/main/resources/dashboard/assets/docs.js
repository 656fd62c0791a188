// The page that shows /openapi.yaml.

import './frame.js';
import {request} from './api.js';
import {load as parseYaml} from './js-yaml/js-yaml.mjs';
import {renderApi} from './openapi-view.js';

const element = document.getElementById('api');

try {
  const response = await request('/openapi.yaml', {accept: '*/*'});
  element.replaceChildren(...renderApi(parseYaml(await response.text())));
} catch (error) {
  element.textContent = `The description could not be loaded. ${error.message}`;
}
element.removeAttribute('aria-busy');
