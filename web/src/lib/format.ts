/** How numbers, sizes, spans and times are written; all take the locale, so that they follow the language switch. */

import { dates, numbers, spans } from "./intl";

/** 12,345 */
export function number(value: number, locale: string, digits = 0): string {
  return numbers(locale, { maximumFractionDigits: digits }).format(value);
}

/** 1.2K; for axes and narrow places. */
export function compact(value: number, locale: string): string {
  return numbers(locale, { notation: "compact", maximumFractionDigits: 1 }).format(value);
}

/** 512 B, 1.2 MB */
export function bytes(value: number, locale: string): string {
  const steps = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const step = Math.min(steps.length - 1, value < 1 ? 0 : Math.floor(Math.log10(value) / 3));
  const options: Intl.NumberFormatOptions = { style: "unit", unit: steps[step], unitDisplay: "narrow", maximumFractionDigits: step === 0 ? 0 : 1 };
  return numbers(locale, options).format(value / 1000 ** step);
}

/** A percentage given as 0 to 100. */
export function percent(value: number, locale: string, digits = 1): string {
  return numbers(locale, { style: "percent", maximumFractionDigits: digits }).format(value / 100);
}

/** 0:41, 12:05, 3:07:00; 2 d 3:07:00. Never negative. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24];
  const two = (value: number) => String(value).padStart(2, "0");
  const clock = `${Math.floor(seconds / 60) % 60}:${two(seconds % 60)}`;
  if (days > 0) return `${days} d ${hours}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}` : clock;
}

/** 840 ms, 2.41 s, 73 s */
export function duration(ms: number, locale: string): string {
  if (ms < 1000) return `${number(ms, locale)} ms`;
  return `${number(ms / 1000, locale, ms < 10_000 ? 2 : ms < 60_000 ? 1 : 0)} s`;
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** "3 minutes ago", "in 2 hours"; within a minute "now". */
export function relative(time: number, now: number, locale: string): string {
  const format = spans(locale, { numeric: "auto", style: "short" });
  const seconds = (time - now) / 1000;
  const [unit, length] = STEPS.find(([, step]) => Math.abs(seconds) >= step) ?? ["second", 1];
  return format.format(unit === "second" ? 0 : Math.trunc(seconds / length), unit);
}

/** The local date and time to the second. */
export function exact(time: number, locale: string): string {
  return dates(locale, { dateStyle: "medium", timeStyle: "medium" }).format(time);
}

/** The local date and time, short. */
export function short(time: number, locale: string): string {
  const options: Intl.DateTimeFormatOptions = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  return dates(locale, options).format(time);
}

/** No time of ours is before 1971. */
const NEVER_MS = Date.UTC(1971);

/** Milliseconds since the epoch; undefined for what is no time, and for the year 1, which means never. */
export function parseTime(text: string | number | null | undefined): number | undefined {
  const time = typeof text === "number" ? text : text ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) || time <= NEVER_MS ? undefined : time;
}

/** A secret as it may be shown: `sk-1****cdef`; short ones not at all. */
export function masked(secret: string): string {
  return secret.length > 8 ? `${secret.slice(0, 4)}****${secret.slice(-4)}` : "****";
}
