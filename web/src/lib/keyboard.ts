/** Whether a key belongs to what one types into, or to an open layer, rather than to the page. */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target instanceof Element ? event.target : undefined;
  if (target?.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true]")) return true;
  return document.querySelector("[role=dialog][data-state=open], [role=menu][data-state=open]") !== null;
}
