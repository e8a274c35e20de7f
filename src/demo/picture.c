/* Pictures of goods: one drawing a category, in the colour of the variant. Plain shapes, no style and no script in them, so that
 * they may stand in any page. */
#include "demo/world.h"

#include <stdio.h>
#include <stdlib.h>

/* In the drawings '@' stands for the colour of the good and '~' for an accent that shows on it. S, F and D: seams, folds in
 * shadow, and dark parts. */
#define S "fill=\"none\" stroke=\"#1d2329\" stroke-opacity=\".42\" stroke-width=\"2\" stroke-linecap=\"round\" stroke-linejoin=\"round\""
#define F "fill=\"#000\" fill-opacity=\".1\""
#define D "fill=\"#000\" fill-opacity=\".26\""
#define A "fill=\"none\" stroke=\"~\" stroke-width=\"3\" stroke-linecap=\"round\" stroke-linejoin=\"round\""
#define BASE(d) "<path d=\"" d "\" fill=\"@\" stroke=\"#1d2329\" stroke-opacity=\".5\" stroke-width=\"2\" stroke-linejoin=\"round\"/>"
#define P(d, how) "<path d=\"" d "\" " how "/>"

#define SOCK "M84 38 L120 38 L120 106 Q126 124 106 144 Q86 164 66 156 Q52 148 66 136 L84 114 Z"
#define GLOVE "M74 160 L74 96 L58 78 Q52 66 64 66 L80 80 L80 50 Q88 40 94 50 L96 78 L100 46 Q108 38 114 48 L114 80 L122 56 Q132 52 132 62 L128 120 L124 160 Z"

static const struct drawing { const char *noun, *svg; } drawings[] = {
    { "Jacket", BASE("M84 44 Q100 28 116 44 L122 54 L150 66 L168 128 L150 136 L138 100 L138 166 Q100 174 62 166 L62 100 L50 136 L32 128 L50 66 L78 54 Z")
                P("M84 46 Q100 36 116 46 Q113 63 100 65 Q87 63 84 46 Z", D) P("M100 65 L116 46 L122 54 L150 66 L168 128 L150 136 L138 100 L138 166 Q118 171 100 171 Z", F)
                P("M100 65 L100 171 M78 54 Q70 78 62 100 M122 54 Q130 78 138 100 M36 122 L52 130 M164 122 L148 130 M63 158 Q100 165 137 158", S) P("M73 130 L87 120 M127 130 L113 120 M110 82 L122 82", A) },
    { "Fleece", BASE("M84 44 L116 44 L120 54 L148 66 L164 132 L146 138 L136 100 L136 166 L64 166 L64 100 L54 138 L36 132 L52 66 L80 54 Z")
                P("M84 44 L116 44 L119 58 Q100 66 81 58 Z", D) P("M80 54 L52 66 L45 94 Q100 112 155 94 L148 66 L120 54 Q100 66 80 54 Z", F)
                P("M45 94 Q100 112 155 94 M64 156 L136 156 M40 124 L57 130 M160 124 L143 130 M64 104 L64 150 M136 104 L136 150", S) P("M100 48 L100 96", A) },
    { "Trousers", BASE("M70 34 L130 34 L140 170 L110 170 L100 86 L90 170 L60 170 Z") P("M70 34 L130 34 L131 47 L69 47 Z", D) P("M100 86 L131 47 L140 170 L110 170 Z", F)
                P("M100 47 L100 86 M65 106 Q80 112 94 106 M106 106 Q120 112 135 106 M72 52 L84 64 M128 52 L116 64 M61 160 L91 160 M109 160 L139 160", S) P("M118 78 L131 76 L133 98 L119 98 Z", A) },
    { "Boots", BASE("M58 44 L98 42 L100 90 Q128 102 152 114 Q168 122 168 142 L56 142 Z") P("M54 36 L101 36 L100 52 L57 52 Z", D) P("M142 109 Q168 122 168 142 L132 142 Q130 122 142 109 Z", D)
                P("M56 112 Q78 104 84 142 L56 142 Z", F) P("M52 142 L171 142 L170 156 L150 156 L146 160 L126 156 L118 160 L104 156 L96 160 L80 154 L76 160 L54 158 Z", "fill=\"#2b2723\"")
                P("M80 52 Q84 90 100 118 M52 149 L170 149", S) P("M98 62 L80 66 M99 75 L82 80 M101 89 L87 94 M114 97 L98 108", A) },
    { "Backpack", "<path d=\"M87 44 Q87 28 100 28 Q113 28 113 44\" fill=\"none\" stroke=\"#1d2329\" stroke-opacity=\".6\" stroke-width=\"5\"/>"
                BASE("M62 74 Q62 40 100 40 Q138 40 138 74 L146 156 Q146 168 134 168 L66 168 Q54 168 54 156 Z") P("M62 76 Q62 46 100 46 Q138 46 138 76 Q100 94 62 76 Z", F)
                P("M70 116 Q100 108 130 116 L132 158 L68 158 Z", D) P("M62 76 Q100 94 138 76 M70 116 Q100 108 130 116 L132 158 L68 158 Z M74 128 Q100 122 126 128 M58 110 L46 130 L54 150 M142 110 L154 130 L146 150", S)
                P("M84 84 L84 104 M116 84 L116 104 M92 62 L108 62", A) },
    { "Tent", P("M100 50 L12 164 M100 50 L188 164", S) BASE("M100 46 Q112 120 176 158 L24 158 Q88 120 100 46 Z") P("M100 46 Q112 120 176 158 L120 158 Q104 120 100 46 Z", F)
                P("M100 72 Q104 124 126 158 L74 158 Q96 124 100 72 Z", D) P("M100 46 L100 34 M62 132 Q100 142 138 132", S) P("M100 76 L100 158 M74 158 Q82 136 92 128", A) },
    { "Sleeping Bag", BASE("M100 30 Q136 30 140 74 Q142 122 128 164 Q100 180 72 164 Q58 122 60 74 Q64 30 100 30 Z") P("M100 42 Q124 42 124 68 Q100 84 76 68 Q76 42 100 42 Z", D)
                P("M120 72 Q134 110 122 167 Q136 140 139 110 Q141 70 136 60 Z", F) P("M61 94 Q100 110 139 94 M62 118 Q100 134 138 118 M66 142 Q100 158 134 142", S) P("M120 74 Q132 112 120 166", A) },
    { "Swimsuit", BASE("M78 34 L88 34 Q90 68 100 70 Q110 68 112 34 L122 34 Q124 76 132 104 Q135 118 131 126 Q116 136 110 166 L90 166 Q84 136 69 126 Q65 118 68 104 Q76 76 78 34 Z")
                P("M78 40 Q76 76 68 104 Q65 118 69 126 Q77 131 82 142 Q86 96 78 40 Z", D) P("M122 40 Q124 76 132 104 Q135 118 131 126 Q123 131 118 142 Q114 96 122 40 Z", D)
                P("M69 126 Q84 136 90 166 M131 126 Q116 136 110 166", S) P("M80 100 Q90 93 100 100 T120 100 M81 111 Q91 104 100 111 T119 111", A) },
    { "Goggles", "<path d=\"M30 90 Q100 18 170 90\" fill=\"none\" stroke=\"@\" stroke-width=\"9\" stroke-opacity=\".75\"/>"
                BASE("M24 100 Q24 78 54 78 Q88 78 94 96 Q100 90 106 96 Q112 78 146 78 Q176 78 176 100 Q176 130 144 130 Q116 130 106 108 Q100 102 94 108 Q84 130 56 130 Q24 130 24 100 Z")
                P("M34 102 Q34 87 56 87 Q82 87 86 98 Q80 121 57 121 Q34 121 34 102 Z M166 102 Q166 87 144 87 Q118 87 114 98 Q120 121 143 121 Q166 121 166 102 Z", "fill=\"#9fc9d6\" fill-opacity=\".85\" stroke=\"#1d2329\" stroke-opacity=\".4\" stroke-width=\"2\"")
                P("M44 96 L58 92 M128 96 L142 92", "fill=\"none\" stroke=\"#fff\" stroke-width=\"4\" stroke-linecap=\"round\"") },
    { "Gloves", "<g transform=\"translate(30 6) rotate(14 100 110)\">" BASE(GLOVE) "</g><g transform=\"translate(-16 0) rotate(-8 100 110)\">" BASE(GLOVE) P("M72 138 L127 138 L124 164 L74 164 Z", D)
                P("M80 84 L80 104 M96 80 L97 102 M114 82 L113 104 M74 138 L126 138", S) P("M84 150 L116 150", A) "</g>" },
    { "Hat", "<circle cx=\"100\" cy=\"48\" r=\"15\" fill=\"~\" stroke=\"#1d2329\" stroke-opacity=\".4\" stroke-width=\"2\"/>" BASE("M52 128 Q50 60 100 60 Q150 60 148 128 Z")
                P("M100 60 Q150 60 148 128 L118 128 Q122 84 100 60 Z", F) P("M72 74 Q62 96 63 122 M88 63 Q82 92 83 124 M112 63 Q118 92 117 124 M128 74 Q138 96 137 122", S)
                BASE("M44 120 Q100 134 156 120 L158 148 Q100 162 42 148 Z") P("M44 120 Q100 134 156 120 L158 148 Q100 162 42 148 Z", F) P("M60 126 L59 150 M80 129 L79 153 M100 130 L100 154 M120 129 L121 153 M140 126 L141 150", S) },
    { "Ski Underwear", BASE("M82 42 Q100 54 118 42 L144 58 L158 140 L143 143 L133 96 L132 166 L68 166 L67 96 L57 143 L42 140 L56 58 Z") P("M82 42 Q100 54 118 42 L120 49 Q100 62 80 49 Z", D)
                P("M118 42 L144 58 L158 140 L143 143 L133 96 L132 166 L116 166 Q126 100 118 42 Z", F) P("M80 50 Q78 80 68 104 M120 50 Q122 80 132 104 M68 158 L132 158", S) P("M82 76 L118 76 M79 86 L121 86 M76 96 L124 96", A) },
    { "Ski Trousers", P("M84 40 L74 24 M116 40 L126 24", "fill=\"none\" stroke=\"@\" stroke-width=\"7\"") BASE("M80 38 L120 38 L126 60 L131 66 L142 170 L110 170 L100 100 L90 170 L58 170 L69 66 L74 60 Z")
                P("M59 152 L92 152 L90 170 L58 170 Z M108 152 L141 152 L142 170 L110 170 Z", D) P("M100 100 L131 66 L142 170 L110 170 Z", F) P("M70 66 L130 66 M100 66 L100 100 M66 112 Q80 122 95 112 M105 112 Q120 122 134 112", S) P("M100 42 L100 60 M116 78 L128 78", A) },
    { "Shirt", BASE("M72 52 L90 42 L100 52 L110 42 L128 52 L154 76 L152 140 L137 141 L132 98 L132 168 L68 168 L68 98 L63 141 L48 140 L46 76 Z") P("M100 54 L110 42 L128 52 L154 76 L152 140 L137 141 L132 98 L132 168 L100 168 Z", F)
                BASE("M90 42 L100 54 L91 68 L78 49 Z") BASE("M110 42 L100 54 L109 68 L122 49 Z") P("M96 60 L96 168 M104 62 L104 168 M110 86 L126 86 L126 104 L118 108 L110 104 Z M48 130 L63 131 M152 130 L137 131", S)
                "<g fill=\"~\"><circle cx=\"100\" cy=\"80\" r=\"2.4\"/><circle cx=\"100\" cy=\"102\" r=\"2.4\"/><circle cx=\"100\" cy=\"124\" r=\"2.4\"/><circle cx=\"100\" cy=\"146\" r=\"2.4\"/></g>" },
    { "T-Shirt", BASE("M72 48 L86 42 Q100 56 114 42 L128 48 L160 78 L144 100 L130 88 L130 166 L70 166 L70 88 L56 100 L40 78 Z") P("M86 42 Q100 56 114 42 L118 44 Q100 64 82 44 Z", D)
                P("M114 44 L128 48 L160 78 L144 100 L130 88 L130 166 L112 166 Q122 100 114 44 Z", F) P("M70 88 Q74 70 72 60 M130 88 Q126 70 128 60 M47 74 L60 94 M153 74 L140 94 M70 158 L130 158", S) },
    { "Jeans", BASE("M68 34 L132 34 L142 170 L112 170 L100 86 L88 170 L58 170 Z") P("M68 34 L132 34 L133 47 L67 47 Z", F) P("M100 86 L133 47 L142 170 L112 170 Z", F)
                P("M68 47 L132 47 M100 47 L100 86 M80 34 L80 47 M120 34 L120 47", S)
                P("M70 52 Q74 64 88 62 L90 48 M130 52 Q126 64 112 62 L110 48 M94 50 L94 74 Q94 80 99 82 M62 162 L89 162 M111 162 L138 162 M72 70 L63 156 M128 70 L137 156", "fill=\"none\" stroke=\"#d39a4a\" stroke-width=\"1.8\" stroke-dasharray=\"4 3\"")
                "<circle cx=\"100\" cy=\"40\" r=\"3\" fill=\"#d39a4a\"/>" },
    { "Dress", BASE("M82 36 L91 36 Q100 54 109 36 L118 36 L123 72 Q116 84 118 92 L152 162 Q100 180 48 162 L82 92 Q84 84 77 72 Z") P("M118 92 L152 162 Q128 171 108 172 L102 95 Z", F)
                P("M82 91 Q100 98 118 91 L117 84 Q100 91 83 84 Z", D) P("M91 97 L80 168 M100 98 L98 172 M109 97 L122 168 M82 36 Q80 58 77 72 M118 36 Q120 58 123 72", S) },
    { "Pullover", BASE("M80 46 Q100 58 120 46 L146 62 L160 142 L143 145 L134 102 L134 160 L66 160 L66 102 L57 145 L40 142 L54 62 Z") P("M80 46 Q100 58 120 46 L123 53 Q100 68 77 53 Z", D)
                P("M66 150 L134 150 L134 166 L66 166 Z M41 134 L58 137 L56 150 L39 147 Z M159 134 L142 137 L144 150 L161 147 Z", D) P("M120 47 L146 62 L160 142 L143 145 L134 102 L134 160 L116 160 Z", F)
                P("M88 66 Q82 76 88 86 T88 106 T88 126 T88 146 M112 66 Q118 76 112 86 T112 106 T112 126 T112 146 M66 102 Q70 84 72 70 M134 102 Q130 84 128 70 M76 151 L76 165 M88 151 L88 165 M100 151 L100 165 M112 151 L112 165 M124 151 L124 165", S) },
    { "Sneakers", BASE("M34 132 L38 88 Q54 96 66 86 L96 90 Q110 112 146 119 Q168 124 168 142 L34 142 Z") P("M34 112 Q54 108 60 142 L34 142 Z", D) P("M138 117 Q168 124 168 142 L128 142 Q128 126 138 117 Z", F)
                "<path d=\"M30 139 L171 139 L171 152 Q171 158 163 158 L40 158 Q30 158 30 150 Z\" fill=\"#fbf9f3\" stroke=\"#1d2329\" stroke-opacity=\".4\" stroke-width=\"2\"/>" P("M66 86 Q76 116 108 124 M30 148 L171 148", S)
                P("M72 97 L88 91 M80 106 L98 99 M90 114 L108 107 M44 96 L42 110", A) },
    { "Running Shoes", BASE("M30 128 Q30 98 42 86 Q56 98 70 90 L90 84 Q106 106 148 118 Q172 124 170 142 L32 144 Z") P("M30 128 Q30 110 36 96 Q56 112 58 143 L32 144 Z", D) P("M140 116 Q172 124 170 142 L130 142 Q130 126 140 116 Z", F)
                "<path d=\"M26 142 Q60 134 100 140 Q140 144 174 138 Q174 152 164 156 Q124 160 100 154 L52 162 Q26 162 26 142 Z\" fill=\"~\" stroke=\"#1d2329\" stroke-opacity=\".45\" stroke-width=\"2\"/>" P("M70 90 Q82 116 114 124", S)
                P("M76 98 L92 92 M86 107 L102 100 M78 136 L94 116 M92 138 L108 121 M106 139 L120 125", A) },
    { "Socks", "<g transform=\"translate(26 -4) rotate(7 100 100)\">" BASE(SOCK) P("M84 38 L120 38 L120 54 L84 54 Z", D) "</g><g transform=\"translate(-12 4) rotate(-3 100 100)\">" BASE(SOCK)
                P("M84 38 L120 38 L120 54 L84 54 Z", D) P("M120 104 Q126 122 108 142 Q98 130 100 112 Z M66 156 Q52 148 66 136 L74 127 Q86 140 84 155 Q74 159 66 156 Z", D) P("M84 66 L120 66 M84 74 L120 74", A) "</g>" },
    { "Energy Bars", "<g transform=\"rotate(-9 100 100)\">" BASE("M34 66 L40 60 L34 54 L166 54 L160 60 L166 66 L160 72 L166 78 L160 84 L166 90 L34 90 L40 84 L34 78 L40 72 Z") P("M62 54 L138 54 L138 90 L62 90 Z", F) P("M76 72 L110 72 M76 80 L98 80 M122 64 L130 72 L122 80", A)
                BASE("M34 118 L40 112 L34 106 L166 106 L160 112 L166 118 L160 124 L166 130 L160 136 L166 142 L34 142 L40 136 L34 130 L40 124 Z") P("M62 106 L138 106 L138 142 L62 142 Z", F) P("M76 124 L110 124 M76 132 L98 132 M122 116 L130 124 L122 132", A) "</g>" },
    { "Wash-in Proofing", "<path d=\"M84 46 L130 46 L136 58 L114 58 L112 68 L88 68 L84 58 Z\" fill=\"#2b2f35\"/><rect x=\"91\" y=\"66\" width=\"18\" height=\"18\" fill=\"#e9e4d8\" stroke=\"#1d2329\" stroke-opacity=\".4\"/>"
                BASE("M78 82 L122 82 Q134 92 134 106 L134 160 Q134 170 124 170 L76 170 Q66 170 66 160 L66 106 Q66 92 78 82 Z") P("M112 82 L122 82 Q134 92 134 106 L134 160 Q134 170 124 170 L114 170 Z", F)
                "<rect x=\"73\" y=\"108\" width=\"54\" height=\"44\" rx=\"4\" fill=\"#faf7ef\"/>" P("M100 114 Q112 130 100 138 Q88 130 100 114 Z", "fill=\"@\"") P("M84 145 L116 145", S) },
    { "Sunscreen", BASE("M76 40 L124 40 L131 146 L69 146 Z") P("M112 40 L124 40 L131 146 L115 146 Z", F) P("M70 32 L130 32 L126 44 L74 44 Z", D) "<rect x=\"78\" y=\"146\" width=\"44\" height=\"20\" rx=\"4\" fill=\"#faf7ef\" stroke=\"#1d2329\" stroke-opacity=\".4\" stroke-width=\"2\"/>"
                "<circle cx=\"100\" cy=\"86\" r=\"11\" fill=\"~\"/>" P("M100 66 L100 60 M100 106 L100 112 M80 86 L74 86 M120 86 L126 86 M86 72 L82 68 M114 100 L118 104 M114 72 L118 68 M86 100 L82 104 M86 126 L114 126", A) },
};
static const char box[] = P("M56 76 L100 60 L144 76 L100 92 Z", D) BASE("M56 76 L100 92 L144 76 L144 146 L100 164 L56 146 Z") P("M100 92 L144 76 L144 146 L100 164 Z", F) P("M100 92 L100 164 M78 84 L122 68", S);

/* What is printed on plain cloth, so that a shelf of it does not look stamped: by the good's number. */
static const char *const prints[] = {
    "", P("M71 98 L129 98 M71 112 L129 112 M71 126 L129 126 M71 140 L129 140", A), "<circle cx=\"100\" cy=\"104\" r=\"15\" fill=\"~\" fill-opacity=\".9\"/>", P("M84 112 L96 92 L104 106 L110 98 L118 112 Z", "fill=\"~\" fill-opacity=\".9\""), "",
    P("M71 96 L129 96 L129 116 L71 116 Z", "fill=\"~\" fill-opacity=\".85\""), P("M82 104 Q91 96 100 104 T118 104 M82 114 Q91 106 100 114 T118 114", A),
};
static const char dots[] = "<g fill=\"~\" fill-opacity=\".8\"><circle cx=\"92\" cy=\"112\" r=\"3\"/><circle cx=\"110\" cy=\"116\" r=\"3\"/><circle cx=\"84\" cy=\"132\" r=\"3\"/><circle cx=\"102\" cy=\"134\" r=\"3\"/><circle cx=\"122\" cy=\"136\" r=\"3\"/>"
                           "<circle cx=\"74\" cy=\"152\" r=\"3\"/><circle cx=\"94\" cy=\"154\" r=\"3\"/><circle cx=\"114\" cy=\"154\" r=\"3\"/><circle cx=\"134\" cy=\"152\" r=\"3\"/></g>";

static bool is_light(const char *hex) { return strtol(hex + 1, NULL, 16) / 65536 + strtol(hex + 1, NULL, 16) / 256 % 256 * 2 > 520; }

static void add_colored(kd_buf *out, const char *svg, const char *hex)
{
    for (; *svg != '\0'; svg++) {
        const size_t plain = strcspn(svg, "@~");
        kd_buf_add(out, svg, plain);
        svg += plain;
        if (*svg == '\0')
            return;
        kd_buf_add_z(out, *svg == '@' ? hex : is_light(hex) ? "#2d4a5e" : "#f4efe4");
    }
}

void kd_demo_picture(kd_buf *out, const kd_product *product, const kd_variant *variant)
{
    const char *svg = box, *hex = demo_colors[3].hex, *noun = "";

    if (variant == NULL && product->variant_count != 0)
        variant = &product->variants[0];
    for (int c = 0; c < CATEGORIES; c++)
        if (kd_str_is(product->category, demo_categories[c].path))
            noun = demo_categories[c].noun;
    for (size_t i = 0; i < sizeof drawings / sizeof *drawings; i++)
        if (strcmp(noun, drawings[i].noun) == 0)
            svg = drawings[i].svg;
    for (int c = 0; c < COLORS && variant != NULL; c++)
        if (kd_str_is(variant->color, demo_colors[c].name))
            hex = demo_colors[c].hex;
    kd_buf_addf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 200 200\" role=\"img\"><rect width=\"200\" height=\"200\" fill=\"%s\"/>", is_light(hex) ? "#dcdfdc" : "#f1ece1");
    kd_buf_addf(out, "<circle cx=\"100\" cy=\"98\" r=\"82\" fill=\"#fff\" fill-opacity=\"%s\"/><ellipse cx=\"100\" cy=\"178\" rx=\"64\" ry=\"6\" fill=\"#000\" fill-opacity=\".09\"/>", is_light(hex) ? ".28" : ".5");
    kd_buf_addf(out, "<g transform=\"rotate(%d 100 100)\">", (int)(product->ref % 5) - 2);
    add_colored(out, svg, hex);
    if (strcmp(noun, "T-Shirt") == 0)
        add_colored(out, prints[product->ref / 8 % (sizeof prints / sizeof *prints)], hex);
    else if (strcmp(noun, "Dress") == 0 && product->ref / 8 % 3 == 0)
        add_colored(out, dots, hex);
    kd_buf_add_z(out, "</g></svg>");
}
