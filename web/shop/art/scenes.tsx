/* The drawn stories: one scene a persona, and the shop itself for guests. Colours are those of shop.css, so that the evening
 * falls in them when the page turns dark. Nobody has a face: they are everybody. */
import type { ReactElement } from 'react';

const Swimmer = (
  <>
    <circle className="s-sun" cx="470" cy="112" r="34" />
    <path className="s-far" d="M0 150 Q80 132 150 146 T300 140 T460 150 T640 138 V190 H0Z" />
    <path className="s-wall" d="M70 84h20l6 62H64z" />
    <path className="s-red" d="M68 104h24l2 16H66zM72 66h16v18H72z" />
    <path className="s-ink" d="M68 84h24v4H68z" />
    <path className="s-roof" d="M120 122l22-18 22 18z" />
    <path className="s-wall" d="M124 122h36v24h-36z" />
    <path className="s-glow" d="M132 128h9v9h-9zM147 128h9v9h-9z" />
    <path className="s-sea" d="M0 160H640V320H0Z" />
    <path className="s-foam" d="M430 176h90M400 190h130M450 204h70M60 200q24-8 48 0t48 0M180 226q24-8 48 0t48 0M20 262q24-8 48 0t48 0M470 252q24-8 48 0t48 0M520 290q24-8 48 0t48 0M210 294q24-8 48 0t48 0" />
    <path className="s-skin" d="M250 240q40-58 92-58 16 2 8 14-42 6-66 52z" />
    <path className="s-teal" d="M262 246q18-30 52-26 30 4 44 26-48 10-96 0z" />
    <circle className="s-skin" cx="372" cy="226" r="22" />
    <path className="s-amber" d="M349 224q0-25 24-25t24 23q-24 10-48 2z" />
    <path className="s-strap" d="M352 226q20 7 43-2" />
    <path className="s-sea" d="M222 248q40-14 80 0t80 0 60 0v40H222z" />
    <path className="s-foam" d="M222 248q40-14 80 0t80 0 60 0" />
    <path className="s-red" d="M560 214l10-30 10 30z" />
    <path className="s-wall" d="M564 203h12l2 5h-16z" />
  </>
);

const Mother = (
  <>
    <path className="s-wallpaper" d="M0 0H640V250H0Z" />
    <path className="s-stripe" d="M40 0V250M120 0V250M200 0V250M280 0V250M360 0V250M440 0V250M520 0V250M600 0V250" />
    <path className="s-floor" d="M0 250H640V320H0Z" />
    <path className="s-wood" d="M60 74h300v12H60zM470 24h14v226h-14zM600 24h14v226h-14zM470 24h144v12H470z" />
    <path className="s-glow" d="M484 36h116v214H484z" />
    <path className="s-mark" d="M470 150h10M470 136h10M470 170h10M470 186h10" />
    <path className="s-strap" d="M100 86v10M180 86v10M260 86v10M330 86v10" />
    <path className="s-amber" d="M100 96l-26 12-8 48 14 4 4-20v40h32v-40l4 20 14-4-8-48z" />
    <path className="s-pink" d="M180 96l-22 10-7 40 12 3 4-16v34h26v-34l4 16 12-3-7-40z" />
    <path className="s-teal" d="M244 100q16-14 32 0l6 52q-22 10-44 0z" />
    <path className="s-red" d="M318 100q12-10 24 0l4 40q-16 8-32 0z" />
    <path className="s-ink" d="M76 232h22v18H70q0-12 6-18zM110 232h22v18h-28q0-12 6-18z" />
    <path className="s-sand" d="M160 236h17v14h-22q0-9 5-14zM188 236h17v14h-22q0-9 5-14z" />
    <path className="s-hair" d="M424 150q0-26 24-26t24 26q0 34-24 38-24-4-24-38z" />
    <path className="s-blue" d="M412 186q36-22 72 0l8 76q-44 14-88 0z" />
    <path className="s-hair" d="M360 196q0-17 16-17t16 17q0 24-16 26-16-2-16-26z" />
    <path className="s-amber" d="M350 222q26-15 52 0l5 60h-62z" />
    <path className="s-hair" d="M510 178q0-20 19-20t19 20q0 28-19 30-19-2-19-30z" />
    <path className="s-pink" d="M499 208q30-18 60 0l6 74h-72z" />
    <path className="s-arm" d="M416 206q-10 20-18 30M482 206q12 18 22 28" />
    <path className="s-ink" d="M356 282h16v20h-20q0-14 4-20zM384 282h16v20h-20q0-14 4-20zM506 282h18v22h-22q0-15 4-22zM536 282h18v22h-22q0-15 4-22zM424 264h20v38h-24q0-30 4-38zM456 264h20v38h-24q0-30 4-38z" />
  </>
);

const Runner = (
  <>
    <circle className="s-sun" cx="120" cy="150" r="44" />
    <path className="s-far" d="M430 190V96l14-60 14 60v-2l14-60 14 60v96z" />
    <path className="s-far" d="M486 190v-62h60v62zM300 190v-34l18-14 18 14v34zM356 190v-40h40v40zM560 190v-30h80v30zM0 190v-18q60-20 150-8t150 6v20z" />
    <path className="s-sea" d="M0 188H640V252H0Z" />
    <path className="s-foam" d="M40 206h80M200 214h120M420 204h90M540 222h70M120 232h100M330 238h80" />
    <path className="s-bridge" d="M0 172q80-54 160 0t160 0 160 0 160 0M0 178H640M80 145v33M240 145v33M400 145v33M560 145v33" />
    <path className="s-floor" d="M0 250H640V320H0Z" />
    <path className="s-dash" d="M0 288H640" />
    <path className="s-leg" d="M316 214l-34 30-34 4M322 214l26 30-10 40" />
    <path className="s-shoe" d="M252 242l-14-6-8 10 16 10zM330 278l-4 14h26v-8z" />
    <path className="s-orange" d="M300 150q22-16 40 0l-6 68h-34z" />
    <path className="s-limb" d="M304 162l-30 18 4 26M336 160l24 26 26-12" />
    <circle className="s-skin" cx="330" cy="128" r="17" />
    <path className="s-hair" d="M313 126q2-18 19-17 16 2 15 14-12-5-22-3-4 6-12 6z" />
    <path className="s-wind" d="M170 170h60M150 196h70M186 222h40" />
  </>
);

const Fashion = (
  <>
    <path className="s-wallpaper" d="M0 0H640V256H0Z" />
    <path className="s-floor" d="M0 256H640V320H0Z" />
    <path className="s-rail" d="M50 70H330M66 70V270M314 70V270M50 270h32M298 270h32" />
    <path className="s-strap" d="M110 70v10M160 70v10M210 70v10M266 70v10" />
    <path className="s-ink" d="M98 80h24l6 34 18 72q-36 14-72 0l18-72z" />
    <path className="s-blue" d="M150 82h20l6 30 14 60q-30 12-60 0l14-60z" />
    <path className="s-pink" d="M194 84q16-10 32 0l20 14-6 20-12-6v58h-36v-58l-12 6-6-20z" />
    <path className="s-sand" d="M250 82h32l8 100h-16l-8-60-8 60h-16z" />
    <path className="s-mirror" d="M500 40q54 0 54 60v146H446V100q0-60 54-60z" />
    <path className="s-glint" d="M470 90l30-30M470 120l56-56" />
    <path className="s-hair" d="M386 108q0-26 23-26t23 26q4 44-4 56h-38q-8-12-4-56z" />
    <path className="s-teal" d="M378 160q31-18 62 0l18 96q-49 20-98 0z" />
    <path className="s-limb" d="M382 172l-36 20-2-30M436 172l34 20 4-34" />
    <path className="s-amber" d="M328 118h26l4 24 10 44q-27 10-54 0l10-44z" />
    <path className="s-amber" d="M458 112h32l5 28 12 52q-33 12-66 0l12-52z" />
    <path className="s-tag" d="M320 190h26v20h-26zM472 196h26v20h-26z" />
    <text className="s-letter" x="333" y="206">S</text>
    <text className="s-letter" x="485" y="212">M</text>
    <path className="s-leg-bare" d="M398 262v40M422 262v40" />
    <path className="s-box" d="M560 236h64v40h-64zM568 204h50v32h-50z" />
    <path className="s-strap" d="M592 236v40M593 204v32" />
  </>
);

const Store = (
  <>
    <path className="s-far" d="M60 200V92q0-22 16-26 16 4 16 26v108zM112 200V92q0-22 16-26 16 4 16 26v108zM150 200v-46h70v46zM240 200v-30l24-20 24 20v30zM0 200v-24h60v24z" />
    <path className="s-hill" d="M0 200l90-16 80 10 110-22 120 24 90-30 150 34v20H0z" />
    <path className="s-wall" d="M330 60h270v190H330z" />
    <path className="s-awning" d="M318 96h294l14 38q-10 12-22 12t-22-12q-10 12-22 12t-22-12q-10 12-22 12t-22-12q-10 12-22 12t-22-12q-10 12-22 12t-22-12q-10 12-22 12t-22-12z" />
    <path className="s-awning-light" d="M360 96h42l-4 38q-10 12-22 12t-22-12zM444 96h42v38q-10 12-22 12t-22-12zM528 96h42l10 38q-10 12-22 12t-22-12z" />
    <path className="s-glow" d="M352 164h120v72H352z" />
    <path className="s-wood" d="M500 164h76v86h-76z" />
    <path className="s-glow" d="M510 174h56v40h-56z" />
    <path className="s-ink" d="M372 210v-24h16v14h16v10q10 4 10 14h-42zM428 200q14-14 28 0l4 36h-36z" />
    <path className="s-floor" d="M0 250H640V320H0Z" />
    <path className="s-skin" d="M206 138q0-18 18-18t18 18-18 20-18-20z" />
    <path className="s-hat" d="M194 130q30 10 60 0l-8-8q-4-24-22-22-18-2-22 22z" />
    <path className="s-red" d="M236 104l14-12-2 18z" />
    <path className="s-olive" d="M190 164q34-18 68 0l8 78h-84z" />
    <path className="s-sand" d="M196 168q28-12 56 0l4 54q-32 12-64 0z" />
    <path className="s-strap" d="M196 190h60M224 166v58" />
    <path className="s-limb" d="M256 174l34 26 22-6" />
    <path className="s-card" d="M308 182h30v20h-30z" />
    <path className="s-leg" d="M208 242v44M238 242v44" />
    <path className="s-shoe" d="M198 280h20v18h-26q0-12 6-18zM230 280h20v18h-26q0-12 6-18z" />
  </>
);

const Guest = (
  <>
    <circle className="s-sun" cx="90" cy="96" r="30" />
    <path className="s-hill" d="M0 220l90-60 80 40 120-90 110 80 90-50 150 90v30H0z" />
    <path className="s-far" d="M0 236q100-34 200-10t220-6 220 4v40H0z" />
    <path className="s-wall" d="M190 90h320v170H190z" />
    <path className="s-ink" d="M190 84h320v10H190z" />
    <path className="s-awning" d="M176 104h348l16 42q-12 13-26 13t-26-13q-12 13-26 13t-26-13q-12 13-26 13t-26-13q-12 13-26 13t-26-13q-12 13-26 13t-26-13q-12 13-26 13t-26-13q-12 13-26 13t-26-13z" />
    <path className="s-awning-light" d="M226 104h50l-8 42q-12 13-26 13t-26-13zM324 104h52v42q-12 13-26 13t-26-13zM424 104h50l10 42q-12 13-26 13t-26-13z" />
    <path className="s-glow" d="M210 172h120v68H210zM424 172h68v68h-68z" />
    <path className="s-wood" d="M348 170h60v90h-60z" />
    <path className="s-glow" d="M357 180h42v40h-42z" />
    <path className="s-teal" d="M228 184l12-6q8 6 16 0l12 6 8 22-10 5-4-8v37h-28v-37l-4 8-10-5z" />
    <path className="s-amber" d="M296 186q12-10 24 0l4 50h-32z" />
    <path className="s-blue" d="M444 190h12l4 16 14 34h-48l14-34z" />
    <path className="s-red" d="M470 222q10-2 16 4v14h-20v-14z" />
    <path className="s-floor" d="M0 258H640V320H0Z" />
    <path className="s-wood" d="M552 150h6v110h-6z" />
    <path className="s-glow" d="M544 132h22l-4 20h-14z" />
    <path className="s-dash" d="M0 294H640" />
  </>
);

const scenes: Readonly<Record<string, ReactElement>> = {
  'persona-swimmer': Swimmer,
  'persona-mother': Mother,
  'persona-runner': Runner,
  'persona-fashion': Fashion,
  'persona-store': Store,
};

/* Decoration: the story stands beside it in words. */
export function Scene({ of }: { of: string }) {
  return (
    <svg className="scene" viewBox="0 0 640 320" preserveAspectRatio="xMidYMid slice" aria-hidden="true" focusable="false">
      <path className="s-sky" d="M0 0H640V320H0Z" />
      {scenes[of] ?? Guest}
    </svg>
  );
}
