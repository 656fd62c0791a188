// The line below the header that says what does not work at the moment.

const element = document.getElementById('notice');
const messages = new Map();

/** Shows what is wrong with one source of data; null means that it works again. */
export function report(source, message) {
  if (message === null) {
    messages.delete(source);
  } else {
    messages.set(source, message);
  }
  const [first] = messages.values();
  element.hidden = first === undefined;
  if (first !== undefined && element.textContent !== first) {
    element.textContent = first;
  }
}
