import { readonly, ref } from "vue";

import type { Away } from "./types";

const isAway = ref(false);
const lacking = ref<readonly Away[]>([]);

/** Whether the server answers, and what it lacks itself. Every call and the event stream tell; the shell shows it. */
export const reachability = {
  isAway: readonly(isAway),
  /** What is away for the server, which serves on without it. */
  lacking: readonly(lacking),
  /** The server answered. */
  seen() {
    isAway.value = false;
  },
  /** It did not. */
  missed() {
    isAway.value = true;
  },
  /** This is away for the server. */
  lacks(away: readonly Away[]) {
    lacking.value = away;
  },
};
