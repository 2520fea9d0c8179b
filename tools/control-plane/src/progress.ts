/** Interval of the lines that show that slow work goes on, milliseconds. */
export const PROGRESS_MS = 10_000;

/** Calls `tell` with the seconds gone by, time after time, while `work` lasts. */
export async function withProgress<T>(tell: (seconds: number) => void, work: () => Promise<T>): Promise<T> {
  const start = Date.now();
  const timer = setInterval(() => tell(Math.round((Date.now() - start) / 1000)), PROGRESS_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
