// The little that pages do by script; all of it works without.
// A tick in a box, or a choice, that marks its form "data-now" sends it.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-now]");
  if (form) form.requestSubmit();
});
// Buttons that print.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});
// What htmx sends shows what forms show.
document.addEventListener("htmx:configRequest", (event) => {
  const csrf = document.querySelector('input[name="csrf"]');
  if (csrf) event.detail.headers["X-CSRF-Token"] = csrf.value;
});
