/** The browser's formats, each made once: making one takes longer than using it a hundred times, and tables use them in every cell. */

type Maker<Format, Options> = (locale: string, options: Options) => Format;

function kept<Format, Options>(make: Maker<Format, Options>): Maker<Format, Options> {
  const made = new Map<string, Format>();
  return (locale, options) => {
    const name = locale + JSON.stringify(options);
    const format = made.get(name) ?? make(locale, options);
    made.set(name, format);
    return format;
  };
}

export const numbers = kept((locale, options: Intl.NumberFormatOptions) => new Intl.NumberFormat(locale, options));
export const dates = kept((locale, options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options));
export const spans = kept((locale, options: Intl.RelativeTimeFormatOptions) => new Intl.RelativeTimeFormat(locale, options));
