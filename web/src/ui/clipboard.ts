import { i18n } from "@/locales";

/** Copies text; also on a page that came over plain HTTP, where the browser offers no clipboard. */
export async function copyText(text: string): Promise<void> {
  const hasClipboard = window.isSecureContext && "clipboard" in navigator;
  const isCopied = hasClipboard ? await navigator.clipboard.writeText(text).then(() => true, () => false) : copyByHand(text);
  if (!isCopied) throw new Error(i18n.global.t("ui.copy.failed"));
}

function copyByHand(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.setAttribute("readonly", "");
  area.className = "visually-hidden";
  // Beside the focus, so that a dialog that holds the focus does not lose it.
  const holder = document.activeElement?.closest("[role=dialog]") ?? document.body;
  holder.append(area);
  const before = document.activeElement;
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  return isCopied;
}
