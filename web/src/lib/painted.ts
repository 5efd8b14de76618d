import { onMounted, onUnmounted, ref } from "vue";

/** Whether what was mounted has been painted. Much that is drawn only then lets a change of pages be seen sooner. */
export function usePainted() {
  const isPainted = ref(false);
  let frame = 0;
  // The callback comes before the frame is painted, what it asks for after that.
  onMounted(() => (frame = requestAnimationFrame(() => setTimeout(() => (isPainted.value = true)))));
  onUnmounted(() => cancelAnimationFrame(frame));
  return isPainted;
}
