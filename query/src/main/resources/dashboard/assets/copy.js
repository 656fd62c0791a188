// The copy buttons of snippets.

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
  // Browsers offer the clipboard only on https and localhost; this old way works everywhere.
  getSelection().selectAllChildren(element);
  document.execCommand('copy');
}
