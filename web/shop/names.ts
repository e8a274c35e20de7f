/* The words of the demo catalogue in both languages: its data are English, as a real shop's are in the language of its feed. */
import { language, say, type Message } from '../src/words';

type Known = Readonly<Record<string, Message>>;

const categories: Known = {
  Outdoor: { en: 'Outdoor', de: 'Draußen' },
  'Outdoor > Jackets': { en: 'Jackets', de: 'Jacken' },
  'Outdoor > Fleece': { en: 'Fleece', de: 'Fleece' },
  'Outdoor > Trousers': { en: 'Trousers', de: 'Hosen' },
  'Outdoor > Hiking Boots': { en: 'Hiking boots', de: 'Wanderschuhe' },
  'Outdoor > Backpacks': { en: 'Backpacks', de: 'Rucksäcke' },
  'Outdoor > Tents': { en: 'Tents', de: 'Zelte' },
  'Outdoor > Sleeping Bags': { en: 'Sleeping bags', de: 'Schlafsäcke' },
  Swim: { en: 'Swim', de: 'Schwimmen' },
  'Swim > Swimsuits': { en: 'Swimsuits', de: 'Badeanzüge' },
  'Swim > Goggles': { en: 'Goggles', de: 'Schwimmbrillen' },
  Winter: { en: 'Winter', de: 'Winter' },
  'Winter > Gloves': { en: 'Gloves', de: 'Handschuhe' },
  'Winter > Hats': { en: 'Hats', de: 'Mützen' },
  'Winter > Ski Underwear': { en: 'Ski underwear', de: 'Skiunterwäsche' },
  'Winter > Ski Trousers': { en: 'Ski trousers', de: 'Skihosen' },
  Fashion: { en: 'Fashion', de: 'Mode' },
  'Fashion > Shirts': { en: 'Shirts', de: 'Hemden' },
  'Fashion > T-Shirts': { en: 'T-shirts', de: 'T-Shirts' },
  'Fashion > Jeans': { en: 'Jeans', de: 'Jeans' },
  'Fashion > Dresses': { en: 'Dresses', de: 'Kleider' },
  'Fashion > Knitwear': { en: 'Knitwear', de: 'Strick' },
  'Fashion > Sneakers': { en: 'Sneakers', de: 'Sneaker' },
  Running: { en: 'Running', de: 'Laufen' },
  'Running > Running Shoes': { en: 'Running shoes', de: 'Laufschuhe' },
  'Running > Energy Bars': { en: 'Energy bars', de: 'Energieriegel' },
  Basics: { en: 'Basics', de: 'Basics' },
  'Basics > Socks': { en: 'Socks', de: 'Socken' },
  Care: { en: 'Care', de: 'Pflege' },
  'Care > Wash-in Proofing': { en: 'Wash-in proofing', de: 'Imprägnierung' },
  'Care > Sunscreen': { en: 'Sunscreen', de: 'Sonnencreme' },
};

const sentences: Known = {
  Outdoor: { en: 'For weather that does not ask first.', de: 'Für Wetter, das nicht vorher fragt.' },
  'Outdoor > Jackets': {
    en: 'Keeps the rain out and lets the heat go. The hood turns with your head, the cuffs close with one hand.',
    de: 'Hält den Regen draußen und lässt die Wärme hinaus. Die Kapuze dreht sich mit dem Kopf, die Bündchen schließt eine Hand.',
  },
  'Outdoor > Fleece': {
    en: 'The layer that stays on from breakfast to campfire: warm, light, dry by tomorrow.',
    de: 'Die Schicht, die vom Frühstück bis zum Lagerfeuer anbleibt: warm, leicht, morgen wieder trocken.',
  },
  'Outdoor > Trousers': {
    en: 'Stretches over the stile, dries on the leg, and has a pocket where the map goes.',
    de: 'Gibt über dem Weidezaun nach, trocknet am Bein und hat eine Tasche, wo die Karte hingehört.',
  },
  'Outdoor > Hiking Boots': {
    en: 'A heel that does not slip and a toe that does not knock. Walk them in before the first pass.',
    de: 'Eine Ferse, die nicht rutscht, und Zehen, die nicht anstoßen. Laufen Sie sie vor dem ersten Pass ein.',
  },
  'Outdoor > Backpacks': { en: 'Carries on the hips, not on the neck. Opens from the top, and when it matters from below.', de: 'Trägt auf der Hüfte, nicht im Nacken. Öffnet von oben und, wenn es darauf ankommt, auch von unten.' },
  'Outdoor > Tents': { en: 'Stands in eight minutes, even in wind, and packs into half a pannier.', de: 'Steht in acht Minuten, auch bei Wind, und passt in eine halbe Packtasche.' },
  'Outdoor > Sleeping Bags': { en: 'Cut like a sleeper, not like a tube: less air to warm, more room for the feet.', de: 'Geschnitten wie ein Schlafender, nicht wie ein Rohr: weniger Luft zu wärmen, mehr Platz für die Füße.' },
  Swim: { en: 'From the pool to the fjord.', de: 'Vom Becken bis in die Förde.' },
  'Swim > Swimsuits': { en: 'Stays where it is when you dive, and keeps its shape after a hundred lengths of salt water.', de: 'Sitzt beim Tauchen, wo er hingehört, und behält nach hundert Bahnen Salzwasser die Form.' },
  'Swim > Goggles': { en: 'Soft on the eye socket, tight at the edge, clear in low sun.', de: 'Weich am Auge, dicht am Rand, klar bei tiefer Sonne.' },
  Winter: { en: 'Warm hands, dry feet, a clear head.', de: 'Warme Hände, trockene Füße, ein klarer Kopf.' },
  'Winter > Gloves': { en: 'Warm enough to wait for the bus, thin enough to find the key.', de: 'Warm genug für die Bushaltestelle, dünn genug für den Schlüssel.' },
  'Winter > Hats': { en: 'Covers the ears and leaves the hair alone.', de: 'Bedeckt die Ohren und lässt die Frisur in Ruhe.' },
  'Winter > Ski Underwear': { en: 'Next to the skin: flat seams, long back, no smell after the third day.', de: 'Direkt auf der Haut: flache Nähte, langer Rücken, kein Geruch nach dem dritten Tag.' },
  'Winter > Ski Trousers': { en: 'A bib that keeps the snow out and a seat that forgives the lift.', de: 'Ein Latz, der den Schnee draußen hält, und ein Hosenboden, der den Lift verzeiht.' },
  Fashion: { en: 'Clothes for the other five days.', de: 'Kleidung für die anderen fünf Tage.' },
  'Fashion > Shirts': { en: 'A collar that stands without starch, a hem that looks right tucked or not.', de: 'Ein Kragen, der ohne Stärke steht, ein Saum, der innen wie außen stimmt.' },
  'Fashion > T-Shirts': { en: 'Thick enough not to show, soft enough to forget. The neckline stays a neckline.', de: 'Dick genug, um nichts zu zeigen, weich genug zum Vergessen. Der Ausschnitt bleibt einer.' },
  'Fashion > Jeans': { en: 'Firm when new and yours after a month.', de: 'Fest, wenn sie neu ist, und nach einem Monat Ihre.' },
  'Fashion > Dresses': { en: 'One piece, done. Pockets included.', de: 'Ein Teil, fertig. Taschen inklusive.' },
  'Fashion > Knitwear': { en: 'Knitted in one piece, so that nothing pulls. Wash it cold, dry it flat, keep it for years.', de: 'In einem Stück gestrickt, damit nichts zieht. Kalt waschen, liegend trocknen, Jahre behalten.' },
  'Fashion > Sneakers': { en: 'For pavement, stairs and the last tram. The sole can be stitched again.', de: 'Für Pflaster, Treppen und die letzte Bahn. Die Sohle lässt sich nachnähen.' },
  Running: { en: 'For the first ten kilometres and the next thousand.', de: 'Für die ersten zehn Kilometer und die nächsten tausend.' },
  'Running > Running Shoes': { en: 'Good for about eight hundred kilometres. Half a size larger than your street shoes is usually right.', de: 'Gut für rund achthundert Kilometer. Eine halbe Nummer größer als der Straßenschuh stimmt meist.' },
  'Running > Energy Bars': { en: 'Twelve bars, oats and dates, no crumbs in the glove.', de: 'Zwölf Riegel, Hafer und Datteln, keine Krümel im Handschuh.' },
  Basics: { en: 'What the drawer always runs out of.', de: 'Was in der Schublade immer ausgeht.' },
  'Basics > Socks': { en: 'Left and right are not the same foot; these know it.', de: 'Links und rechts sind nicht derselbe Fuß; diese wissen es.' },
  Care: { en: 'So that good things last.', de: 'Damit gute Dinge lange halten.' },
  'Care > Wash-in Proofing': { en: 'One wash, and water beads again. For about three jackets.', de: 'Eine Wäsche, und Wasser perlt wieder ab. Reicht für etwa drei Jacken.' },
  'Care > Sunscreen': { en: 'Does not run into the eyes, does not stain the suit, safe for the sea.', de: 'Läuft nicht in die Augen, färbt den Badeanzug nicht, schont das Meer.' },
};

const values: Known = {
  black: { en: 'Black', de: 'Schwarz' },
  navy: { en: 'Navy', de: 'Marine' },
  white: { en: 'White', de: 'Weiß' },
  grey: { en: 'Grey', de: 'Grau' },
  red: { en: 'Red', de: 'Rot' },
  green: { en: 'Green', de: 'Grün' },
  olive: { en: 'Olive', de: 'Oliv' },
  sand: { en: 'Sand', de: 'Sand' },
  blue: { en: 'Blue', de: 'Blau' },
  yellow: { en: 'Yellow', de: 'Gelb' },
  orange: { en: 'Orange', de: 'Orange' },
  pink: { en: 'Pink', de: 'Rosa' },
  teal: { en: 'Teal', de: 'Petrol' },
  brown: { en: 'Brown', de: 'Braun' },
  classic: { en: 'Classic', de: 'Klassisch' },
  sporty: { en: 'Sporty', de: 'Sportlich' },
  urban: { en: 'Urban', de: 'Urban' },
  minimal: { en: 'Minimal', de: 'Schlicht' },
  heritage: { en: 'Heritage', de: 'Traditionell' },
  slim: { en: 'Slim', de: 'Schmal' },
  regular: { en: 'Regular', de: 'Gerade' },
  relaxed: { en: 'Relaxed', de: 'Weit' },
  women: { en: 'Women', de: 'Damen' },
  men: { en: 'Men', de: 'Herren' },
  'recycled polyester': { en: 'recycled polyester', de: 'recyceltes Polyester' },
  'ripstop nylon': { en: 'ripstop nylon', de: 'Ripstop-Nylon' },
  polyamide: { en: 'polyamide', de: 'Polyamid' },
  leather: { en: 'leather', de: 'Leder' },
  suede: { en: 'suede', de: 'Wildleder' },
  'recycled mesh': { en: 'recycled mesh', de: 'recyceltes Netzgewebe' },
  'organic cotton': { en: 'organic cotton', de: 'Bio-Baumwolle' },
  'cotton and hemp': { en: 'cotton and hemp', de: 'Baumwolle und Hanf' },
  'linen and cotton': { en: 'linen and cotton', de: 'Leinen und Baumwolle' },
  'merino wool': { en: 'merino wool', de: 'Merinowolle' },
  lambswool: { en: 'lambswool', de: 'Lammwolle' },
  'wool and cotton': { en: 'wool and cotton', de: 'Wolle und Baumwolle' },
  linen: { en: 'linen', de: 'Leinen' },
  viscose: { en: 'viscose', de: 'Viskose' },
  'recycled nylon': { en: 'recycled nylon', de: 'recyceltes Nylon' },
  polycarbonate: { en: 'polycarbonate', de: 'Polycarbonat' },
  'silicone and polycarbonate': { en: 'silicone and polycarbonate', de: 'Silikon und Polycarbonat' },
};

const guides: Known = {
  'guide-layers': { en: 'Three layers: dressing for any weather', de: 'Drei Schichten: angezogen für jedes Wetter' },
  'guide-boots': { en: 'How a hiking boot should fit', de: 'Wie ein Wanderschuh sitzen soll' },
  'guide-tent': { en: 'Pitching a tent in the wind', de: 'Ein Zelt im Wind aufbauen' },
  'video-backpack': { en: 'Adjusting a backpack in two minutes', de: 'Den Rucksack in zwei Minuten einstellen' },
  'article-swim': { en: 'Open water: from the pool to the fjord', de: 'Freiwasser: vom Becken in die Förde' },
  'guide-goggles': { en: 'Goggles that do not fog', de: 'Schwimmbrillen, die nicht beschlagen' },
  'article-wool': { en: 'Why merino does not smell', de: 'Warum Merino nicht riecht' },
  'guide-jeans': { en: 'Jeans: slim, regular, relaxed', de: 'Jeans: schmal, gerade, weit' },
  'guide-proofing': { en: 'Making a jacket waterproof again', de: 'Eine Jacke wieder wasserdicht machen' },
  'article-run': { en: 'Your first ten kilometres', de: 'Ihre ersten zehn Kilometer' },
  'video-gloves': { en: 'Warm hands in winter', de: 'Warme Hände im Winter' },
  'guide-sun': { en: 'How much sunscreen is enough', de: 'Wie viel Sonnencreme genug ist' },
};

const advice: Known = {
  'guide-layers': {
    en: 'Next to the skin something that moves sweat away, over it something that holds air, on top something that stops wind and rain. Take a layer off before you are warm, and put one on before you are cold.',
    de: 'Auf die Haut etwas, das Schweiß wegführt, darüber etwas, das Luft hält, außen etwas gegen Wind und Regen. Legen Sie eine Schicht ab, bevor Ihnen warm ist, und eine an, bevor Sie frieren.',
  },
  'guide-boots': {
    en: 'Try boots in the evening, with the socks you will walk in. Downhill the toes must not touch; uphill the heel must not lift. A finger’s width behind the heel, unlaced, is a good start.',
    de: 'Probieren Sie abends, in den Socken, mit denen Sie gehen. Bergab dürfen die Zehen nicht anstoßen, bergauf darf die Ferse nicht hochkommen. Ungeschnürt ein Finger Platz hinter der Ferse ist ein guter Anfang.',
  },
  'guide-tent': {
    en: 'Lay it out with the narrow end to the wind and peg that end first. Poles go in while somebody kneels on the cloth. Guy lines last, all of them, also when the evening is calm.',
    de: 'Legen Sie es mit der schmalen Seite zum Wind aus und heften Sie diese zuerst an. Die Stangen kommen hinein, während jemand auf dem Stoff kniet. Zuletzt die Leinen, alle, auch an einem stillen Abend.',
  },
  'video-backpack': {
    en: 'All straps loose. Hip belt first, on the bone, and tight: it carries most. Then shoulders until they touch, then the top straps by a finger, and the chest strap just so that it holds.',
    de: 'Alle Riemen lösen. Zuerst der Hüftgurt, auf dem Knochen und fest: Er trägt das meiste. Dann die Schultern, bis sie anliegen, dann die oberen Riemen um einen Finger, der Brustgurt nur so, dass er hält.',
  },
  'article-swim': {
    en: 'Begin along the shore, never alone, with a bright cap. Look ahead every sixth stroke. Cold takes the breath for one minute: stay where you can stand until it is back.',
    de: 'Beginnen Sie am Ufer entlang, nie allein, mit heller Kappe. Jeder sechste Zug ein Blick nach vorn. Kälte nimmt für eine Minute den Atem: Bleiben Sie stehtief, bis er wieder da ist.',
  },
  'guide-goggles': {
    en: 'Never rub the inside. Rinse them in the water you swim in, let them take its temperature for a minute, and they stay clear. Dry them in the shade, outside their case.',
    de: 'Reiben Sie nie innen. Spülen Sie sie in dem Wasser, in dem Sie schwimmen, und lassen Sie sie eine Minute dessen Temperatur annehmen, dann bleiben sie klar. Im Schatten trocknen, außerhalb der Hülle.',
  },
  'article-wool': {
    en: 'The fibre takes moisture in instead of leaving it on the skin, and bacteria find little to live on. Hang it out overnight: three days of wear, one night of air.',
    de: 'Die Faser nimmt Feuchtigkeit auf, statt sie auf der Haut zu lassen, und Bakterien finden wenig zum Leben. Hängen Sie sie über Nacht hinaus: drei Tage tragen, eine Nacht lüften.',
  },
  'guide-jeans': {
    en: 'Slim follows the leg, regular falls straight from the hip, relaxed leaves room at the thigh. Buy the waist that fits today: length can be altered, hope cannot.',
    de: 'Schmal folgt dem Bein, gerade fällt von der Hüfte, weit lässt am Schenkel Luft. Kaufen Sie den Bund, der heute passt: Länge lässt sich ändern, Hoffnung nicht.',
  },
  'guide-proofing': {
    en: 'Wash first, without softener. Then proof at thirty degrees and dry warm: the heat sets it. If a drop of water stands on the sleeve, it is done.',
    de: 'Erst waschen, ohne Weichspüler. Dann bei dreißig Grad imprägnieren und warm trocknen: Die Wärme schließt es ab. Steht ein Tropfen auf dem Ärmel, ist es geschafft.',
  },
  'article-run': {
    en: 'Three times a week, slowly enough to talk. Add a tenth each week, not more. The shoes decide less than the rest days do.',
    de: 'Dreimal in der Woche, langsam genug zum Reden. Jede Woche ein Zehntel mehr, nicht mehr. Die Schuhe entscheiden weniger als die Ruhetage.',
  },
  'video-gloves': {
    en: 'Warm the hands before they go in: a glove keeps heat, it makes none. A thin liner under a wide mitten beats one thick glove.',
    de: 'Wärmen Sie die Hände, bevor sie hineingehen: Ein Handschuh hält Wärme, er macht keine. Ein dünner unter einem weiten Fäustling schlägt einen dicken.',
  },
  'guide-sun': {
    en: 'Two fingers’ length for the face and neck, a shot glass for the body, again after the water. Half the amount gives far less than half the protection.',
    de: 'Zwei Finger Länge für Gesicht und Hals, ein Schnapsglas für den Körper, nach dem Wasser noch einmal. Die halbe Menge schützt weit weniger als halb.',
  },
};

const known = (table: Known, key: string, otherwise: string): string => {
  const message = table[key];
  return message ? say(message) : otherwise;
};
const last = (path: string): string => path.split(' > ').pop() ?? path;

export const categoryName = (path: string): string => known(categories, path, last(path));
export const categorySentence = (path: string): string => known(sentences, path, '');
export const valueName = (value: string): string => known(values, value, value);
export const guideTitle = (id: string, title: string): string => known(guides, id, title);
export const guideText = (id: string): string => known(advice, id, '');
export const topOf = (path: string): string => path.split(' > ')[0] ?? path;
const slug = (text: string): string => text.toLowerCase().replace(/ /g, '-');
export const categoryPath = (path: string): string => `/shop/c/${path.split(' > ').map(slug).join('/')}`;
export const categoryOfPath = (paths: readonly string[], top: string, sub: string | undefined): string | undefined =>
  paths.flatMap((path) => [path, topOf(path)]).find((path) => categoryPath(path) === `/shop/c/${top}${sub ? `/${sub}` : ''}`);
export const placeName = (name: string): string => (language() === 'de' && name === 'Warehouse' ? 'Lager' : name);

export const swatch: Readonly<Record<string, string>> = {
  black: '#22262b', navy: '#1f3a5f', white: '#f2efe8', grey: '#8b9299', red: '#b3372c', green: '#2f7d4f', olive: '#6b6e37', sand: '#cbb994',
  blue: '#4a6fa5', yellow: '#d9a92f', orange: '#c8781e', pink: '#c97b94', teal: '#0e6b5c', brown: '#7a5638',
};
