import { readonly, ref, shallowRef } from "vue";

/** So long the pointer rests before a tip appears, in milliseconds. */
const DELAY_MS = 350;

const text = ref("");
const target = shallowRef<Element>();
let timer = 0;

/**
 * The one tip of the page. A tip for each button would cost a table more than its rows; so buttons only say when theirs is to be shown,
 * and `TipLayer` shows it.
 */
export const tip = {
  text: readonly(text),
  target,

  /** Shows what an element is called: soon, or, when it has got the focus by the keyboard, at once. */
  show(of: Element, what: string, atOnce = false) {
    clearTimeout(timer);
    const appear = () => {
      text.value = what;
      target.value = of;
    };
    if (atOnce) appear();
    else timer = window.setTimeout(appear, DELAY_MS);
  },

  hide() {
    clearTimeout(timer);
    target.value = undefined;
  },
};
