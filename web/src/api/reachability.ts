import { readonly, ref } from "vue";

const isAway = ref(false);

/** Whether the server answers. Every call and the event stream tell; the shell shows it. */
export const reachability = {
  isAway: readonly(isAway),
  /** The server answered. */
  seen() {
    isAway.value = false;
  },
  /** It did not. */
  missed() {
    isAway.value = true;
  },
};
