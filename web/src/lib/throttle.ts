/** Calls `act` at most once in `ms`: at once, and when it was asked for meanwhile, once more afterwards. */
export function throttled(act: () => void, ms: number) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isWanted = false;

  function call() {
    if (timer !== undefined) {
      isWanted = true;
      return;
    }
    act();
    timer = setTimeout(() => {
      timer = undefined;
      if (!isWanted) return;
      isWanted = false;
      call();
    }, ms);
  }

  function cancel() {
    clearTimeout(timer);
    timer = undefined;
    isWanted = false;
  }

  return { call, cancel };
}
