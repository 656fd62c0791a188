// A bar of choices that consists of radio buttons.

/**
 * @param {HTMLFieldSetElement} fieldset
 * @param {Record<string, {name: string, title?: string}>} choices by value
 * @param {(value: string) => void} onChoice
 */
export function fillSegments(fieldset, choices, onChoice) {
  for (const [value, {name, title}] of Object.entries(choices)) {
    const input = document.createElement('input');
    input.type = 'radio';
    input.name = fieldset.id;
    input.value = value;
    if (title) {
      input.setAttribute('aria-label', title);
    }
    const label = document.createElement('label');
    label.append(input, name);
    fieldset.append(label);
  }
  fieldset.addEventListener('change', (event) => onChoice(event.target.value));
}

export function choose(fieldset, value) {
  for (const input of fieldset.querySelectorAll('input')) {
    input.checked = input.value === value;
  }
}
