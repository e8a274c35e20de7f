/* Put in by build.mjs: the package's version, and slot.css. */
declare const __VERSION__: string;
declare const __CSS__: string;
