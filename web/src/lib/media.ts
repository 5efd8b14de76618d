import { onUnmounted, readonly, ref } from "vue";

/** Whether a media query holds, now and later. */
export function useMedia(query: string) {
  const media = window.matchMedia(query);
  const holds = ref(media.matches);
  const follow = () => (holds.value = media.matches);
  media.addEventListener("change", follow);
  onUnmounted(() => media.removeEventListener("change", follow));
  return readonly(holds);
}
