// Plain text tables.

/** Prints a title and rows of equal shape; columns of numbers are aligned to the right. */
export function printTable(title, rows) {
  const columns = Object.keys(rows[0] ?? {}).map((name) => column(name, rows.map((row) => row[name])));
  console.log(title);
  for (let line = 0; line <= rows.length; line += 1) {
    console.log(`  ${columns.map((cells) => cells[line]).join("  ")}`.trimEnd());
  }
  console.log();
}

function column(name, values) {
  const cells = [name, ...values.map(String)];
  const width = Math.max(...cells.map((cell) => cell.length));
  const right = values.every((value) => typeof value === "number");
  return cells.map((cell) => (right ? cell.padStart(width) : cell.padEnd(width)));
}
