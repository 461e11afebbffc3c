// What the theme leaves out for who uses keyboard or screen reader: what scrolls can be reached, landmarks have names.
document.addEventListener('DOMContentLoaded', () => {
  for (const scrolled of document.querySelectorAll('pre, .table-wrapper')) scrolled.tabIndex = 0;
  document.querySelector('aside.sidebar-drawer')?.setAttribute('aria-label', 'All pages');
  document.querySelector('aside.toc-drawer')?.setAttribute('aria-label', 'On this page');
});
