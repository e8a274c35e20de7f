#include "catalog/sensitive_words.h"

/* The special categories of Art. 9 GDPR as a shop meets them, in English and German. Chosen for few wrong hits: no word that is also
 * a brand, a fabric, a tool or a fish ("lubricant" is for bicycles too, "Krebs" for the kitchen, "cross" for runners); a shop adds
 * its own, or names whole categories. Biometrics are not here: no field of theirs is accepted at all. */
const kd_concept_seed kd_concept_seeds[] = {
    { "health", "Health", "Gesundheit",
      "prescription drug|prescription drugs|prescription medicine|prescription only|medication|medications|antidepressant*|insulin|diabetic|diabetics|diabetes|"
      "glucose meter|blood glucose|blood pressure monitor|incontinence|adult diapers|ostomy|stoma|wheelchair|wheelchairs|rollator|rollators|hearing aid|hearing aids|"
      "chemotherapy|cancer|hiv|hiv test|epilepsy|psoriasis|migraine|haemorrhoid*|hemorrhoid*|nicotine|smoking cessation|drug test|addiction|obesity|"
      "arzneimittel*|medikament*|rezeptpflichtig*|verschreibungspflichtig*|antidepressiv*|diabetiker*|blutzucker*|blutdruckmess*|inkontinenz*|"
      "stomabeutel*|stomaversorgung|rollstuhl*|hörgerät*|hörhilfe*|chemotherapie*|krebserkrankung*|epilepsie|schuppenflechte|migräne|hämorrhoid*|"
      "hiv-test|nikotin*|raucherentwöhnung*|drogentest*|suchthilfe|adipositas|depression|depressionen|erektionsstörung*|potenzmittel*" },
    { "pregnancy", "Pregnancy and fertility", "Schwangerschaft und Kinderwunsch",
      "pregnan*|maternity|prenatal|antenatal|postnatal|ovulation|fertility|infertility|breast pump|breast pumps|nursing bra|nursing bras|nursing pads|morning sickness|"
      "morning after pill|miscarriage|baby bump|folic acid|schwanger*|umstandsmode*|umstandsjeans|umstandshose*|umstandskleid*|umstandsshirt*|umstandsbluse*|"
      "umstandsjacke*|umstandsleggings|umstandsbademode|ovulationstest*|kinderwunsch*|fruchtbarkeit*|milchpumpe*|stillbh*|still bh|still-bh|stilleinlage*|stillkissen*|"
      "stillmode|fehlgeburt*|folsäure*|wochenbett*" },
    { "religion", "Religion and belief", "Religion und Weltanschauung",
      "bible|bibles|quran|koran|qur'an|torah|talmud|rosary|rosaries|prayer book|prayer books|prayer mat|prayer mats|prayer rug|hijab|hijabs|niqab*|burka|burqa|kippah|"
      "kippot|yarmulke|menorah|crucifix*|first communion|baptism|christening|bar mitzvah|bat mitzvah|halal|kosher food|kosher meat|kosher certified|ramadan|bibel|bibeln|kinderbibel*|thora|rosenkranz|"
      "rosenkränze|gebetbuch|gebetbücher|gebetsteppich*|gebetskette*|kippa|kruzifix*|kommunionkleid*|kommunionskleid*|kommunionanzug*|kommunionkerze*|"
      "erstkommunion*|konfirmation*|taufkleid*|taufkerze*|koscher" },
    { "intimate", "Intimate life", "Intimleben",
      "condom|condoms|vibrator|vibrators|dildo*|sex toy|sex toys|sex doll|adult toy|adult toys|erotic|erotica|bdsm|fetish|intimate lubricant|"
      "personal lubricant|pornograph*|viagra|contraceptive|contraceptives|contraception|kondom*|gleitgel*|sexspielzeug*|sextoy*|liebeskugel*|erotik*|erotisch*|fetisch*|"
      "verhütung*|verhütungsmittel*|antibabypille*|pille danach|pornografi*" },
    { "sexuality", "Sexual orientation and gender identity", "Sexuelle Orientierung und Geschlechtsidentität",
      "gay|lesbian|lesbians|bisexual*|homosexual*|transgender|transsexual*|lgbt|lgbtq|lgbtqia|chest binder|chest binders|lesbisch*|lesben|schwul*|bisexuell*|homosexuell*|"
      "transsexuell*|transident*|regenbogenfahne*" },
    { "politics", "Politics and trade unions", "Politik und Gewerkschaft",
      "political party|party membership|election campaign|trade union|trade unions|labour union|labor union|parteibuch|parteimitglied*|wahlkampf*|gewerkschaft*|"
      "parteitag*" },
    { "origin", "Ethnic origin", "Ethnische Herkunft",
      "ethnic|ethnicity|skin tone|skin lightening|skin bleaching|ancestry test|ancestry dna|dna test|dna kit|genetic test|ethnisch*|ethnie|hautaufhell*|ahnentest*|"
      "dna-test*|dna test|herkunftstest*|gentest*" },
};
const size_t kd_concept_seed_count = sizeof kd_concept_seeds / sizeof *kd_concept_seeds;
