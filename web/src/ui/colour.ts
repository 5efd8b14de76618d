/** The value in force of a variable, which may be `light-dark(…)`: a canvas needs the colour itself. */
export function colourOf(root: HTMLElement, variable: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${variable})`;
  root.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
