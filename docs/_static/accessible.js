// What the theme leaves out for who uses keyboard or screen reader: code that scrolls can be reached, landmarks have names.
document.addEventListener('DOMContentLoaded', () => {
  for (const code of document.querySelectorAll('pre')) code.tabIndex = 0;
  document.querySelector('aside.sidebar-drawer')?.setAttribute('aria-label', 'All pages');
  document.querySelector('aside.toc-drawer')?.setAttribute('aria-label', 'On this page');
});
