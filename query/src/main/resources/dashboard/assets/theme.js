// The theme: light, dark, or the system's. It is remembered in this browser, and applied before the page is painted.

(() => {
  const KEY = 'click-counter-theme';
  const THEMES = ['system', 'light', 'dark'];
  const NAMES = {system: 'as the system', light: 'light', dark: 'dark'};
  const root = document.documentElement;

  function current() {
    const saved = localStorage.getItem(KEY);
    return THEMES.includes(saved) ? saved : 'system';
  }

  function apply(theme) {
    root.dataset.theme = theme;
    const button = document.getElementById('theme');
    if (button) {
      button.setAttribute('aria-label', `Theme: ${NAMES[theme]}`);
      button.title = `Theme: ${NAMES[theme]}`;
    }
    // Charts are pictures, so they must be drawn again in the new colours.
    document.dispatchEvent(new Event('themechange'));
  }

  apply(current());
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => apply(current()));
  addEventListener('DOMContentLoaded', () => {
    apply(current());
    document.getElementById('theme').addEventListener('click', () => {
      const next = THEMES[(THEMES.indexOf(current()) + 1) % THEMES.length];
      localStorage.setItem(KEY, next);
      apply(next);
    });
  });
})();
