import { onMounted, onUnmounted, ref } from "vue";

/** Whether what was mounted has been painted. Much that is drawn only then lets a change of pages be seen sooner. */
export function usePainted() {
  const isPainted = ref(false);
  let frame = 0;
  const atFrame = (callback: () => void) => (frame = requestAnimationFrame(callback));
  // The first callback comes before the frame with what was mounted is painted, the second one after that.
  onMounted(() => atFrame(() => atFrame(() => (isPainted.value = true))));
  onUnmounted(() => cancelAnimationFrame(frame));
  return isPainted;
}
