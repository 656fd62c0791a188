// The copy buttons of the snippets.

const SHOWN_MS = 2_000;

for (const button of document.querySelectorAll('.copy')) {
  const source = document.getElementById(button.dataset.copies);
  button.setAttribute('aria-live', 'polite');
  button.addEventListener('click', async () => {
    await copy(source);
    button.textContent = 'Copied';
    setTimeout(() => {
      button.textContent = 'Copy';
    }, SHOWN_MS);
  });
}

async function copy(element) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(element.textContent);
    return;
  }
  // Browsers offer the clipboard only on https and localhost. This older method works everywhere.
  getSelection().selectAllChildren(element);
  document.execCommand('copy');
}
