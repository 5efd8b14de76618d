import { onUnmounted, ref, type Ref } from "vue";

const now = ref(Date.now());
let watchers = 0;
let timer = 0;

/** The time in milliseconds, going on each second while anything on the page shows it. */
export function useNow(): Readonly<Ref<number>> {
  if (watchers++ === 0) {
    now.value = Date.now();
    timer = window.setInterval(() => (now.value = Date.now()), 1000);
  }
  onUnmounted(() => {
    if (--watchers === 0) clearInterval(timer);
  });
  return now;
}
