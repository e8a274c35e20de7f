#include "suite.h"
#include <stdio.h>
#include <stdlib.h>
#include "catalog/document.h"
#include "catalog/feeds.h"

/* A file as text -> what comes out, one line each: the document, or "line N field: why". */
static kd_str feed_text(kd_arena *arena, const char *file, size_t len, const kd_feed_options *options)
{
    kd_input *in = NULL;
    kd_feed  *feed = NULL;
    kd_err    err = { 0 };
    kd_buf    out;
    kd_buf_init(&out, arena);
    assert_int_equal(kd_input_memory(&in, file, len, "", 0, &err), KD_OK);
    kd_status status = kd_feed_open(&feed, in, options, &err);
    if (status != KD_OK)
        kd_buf_addf(&out, "open %s: %s\n", err.field, err.msg);
    while (status == KD_OK || status == KD_INVALID) {
        kd_catalog_change change;
        uint64_t          line = 0;
        kd_str            raw;
        err = (kd_err){ 0 };
        if (!feed)
            break;
        status = kd_feed_next(&change, feed, arena, &line, &raw, &err);
        if (status == KD_OK) {
            kd_jw w;
            kd_buf_addf(&out, "%llu%s%s ", (unsigned long long)line, change.merge ? "+" : "", change.deleted ? "-" : "");
            kd_jw_init(&w, &out);
            kd_jw_node(&w, change.body);
            kd_buf_add_z(&out, "\n");
            if (options->what != KD_FEED_POSTAL)
                assert_true(kd_str_eq(change.id, kd_json_text(kd_json_get(change.body, "id"))));
        } else if (status == KD_INVALID) {
            kd_buf_addf(&out, "%llu! %s: %s\n", (unsigned long long)line, err.field, err.msg);
            assert_true(err.msg[0] != 0);
        } else if (status != KD_NOT_FOUND) {
            kd_buf_addf(&out, "end %s: %s\n", kd_status_name(status), err.msg);
        }
    }
    kd_feed_close(feed);
    kd_input_close(in);
    kd_buf_add_byte(&out, 0);
    assert_false(out.failed);
    return (kd_str){ out.ptr, out.len - 1 };
}

static const kd_feed_options eur = { .currency = { "EUR" } };

typedef struct feed_case { const char *name, *file, *wanted; } feed_case;

static void check_cases(const feed_case *cases, size_t count, const kd_feed_options *options)
{
    kd_arena *arena = kd_arena_new(SIZE_MAX / 4);
    for (size_t i = 0; i < count; i++) {
        const kd_str got = feed_text(arena, cases[i].file, strlen(cases[i].file), options);
        if (strcmp(got.ptr, cases[i].wanted) != 0)
            fail_msg("%s:\n%s--- wanted\n%s", cases[i].name, got.ptr, cases[i].wanted);
        kd_arena_reset(arena);
    }
    kd_arena_free(arena);
}

static void test_plain_csv(void **state)
{
    static const feed_case cases[] = {
        { "a product a row", "id,title,price,category,brand,size,color,stock\np1,Boot,19.99,Shoes > Boots,Fjord,42,brown,3\np2,\"A \"\"B\"\"\",5,,,,,\n",
          "2 {\"id\":\"p1\",\"title\":\"Boot\",\"brand\":\"Fjord\",\"category\":\"Shoes > Boots\",\"attributes\":{},\"size\":\"42\",\"color\":\"brown\",\"price\":\"19.990000 EUR\",\"stock\":\"3\"}\n"
          "3 {\"id\":\"p2\",\"title\":\"A \\\"B\\\"\",\"attributes\":{},\"price\":\"5.000000 EUR\"}\n" },
        { "variants by sku, stock by place, attributes", "id;title;sku;size;price;stock:berlin;stock:depot;attr:cut;taste:fabric;Season\n"
          "p;T;a;M;1;2;0;slim;wool;winter\np;;b;L;2;1;;wide;wool;winter\n",
          "2 {\"id\":\"p\",\"title\":\"T\",\"taste\":[\"fabric\"],\"attributes\":{\"fabric\":\"wool\",\"Season\":\"winter\"},\"variants\":["
          "{\"sku\":\"a\",\"size\":\"M\",\"price\":\"1.000000 EUR\",\"stock\":{\"berlin\":\"2\",\"depot\":\"0\"},\"attributes\":{\"cut\":\"slim\"}},"
          "{\"sku\":\"b\",\"size\":\"L\",\"price\":\"2.000000 EUR\",\"stock\":{\"berlin\":\"1\"},\"attributes\":{\"cut\":\"wide\"}}]}\n" },
        { "the same product again later", "id,title,sku\np,T,a\nq,U,\np,T,b\n",
          "2 {\"id\":\"p\",\"title\":\"T\",\"attributes\":{},\"variants\":[{\"sku\":\"a\"}]}\n3 {\"id\":\"q\",\"title\":\"U\",\"attributes\":{}}\n"
          "4+ {\"id\":\"p\",\"title\":\"T\",\"attributes\":{},\"variants\":[{\"sku\":\"b\"}]}\n" },
        { "bad rows are named and skipped", "id,title,price,stock,availability,hidden\n,T,1,,,\na,T,one,,,\nb,T,1,1.5,,\nc,T,1,1,maybe,\nd,T,1,1,In Stock,perhaps\n"
          "e,T,1,1,https://schema.org/OutOfStock,yes\nf,T,1,1,,,,\ng,T,-1,,,\n",
          "2! id: id: is missing\n3! price: price: is no decimal amount such as 19.99 or 19.99 EUR, with at most 6 decimals\n4! stock: stock: is no whole number\n"
          "5! availability: availability: is not in_stock, out_of_stock, preorder or backorder\n6! hidden: hidden: is neither true nor false\n"
          "8! : the row has 8 fields, the header 6\n9! price: price: is negative\n"
          "7 {\"id\":\"e\",\"title\":\"T\",\"hidden\":true,\"attributes\":{},\"availability\":\"out_of_stock\",\"price\":\"1.000000 EUR\",\"stock\":\"1\"}\n" },
        { "rows that repeat", "id,title,sku,image\np,T,a,/1\np,T,a,/1\np,T,,/2\np,,,/2\n",
          "3! sku: sku: stands in an earlier row of the same product\n4! sku: sku: is missing; the product has a row already, and another needs a sku of its own\n"
          "2 {\"id\":\"p\",\"title\":\"T\",\"image\":\"/1\",\"images\":[\"/2\"],\"attributes\":{},\"variants\":[{\"sku\":\"a\"}]}\n" },
        { "byte order mark, blank lines, quoted header, CRLF", "\xef\xbb\xbf\r\n\r\n\"id\",\"title\"\r\n\"1\",\"line\r\nbreak\"\r\n",
          "4 {\"id\":\"1\",\"title\":\"line\\r\\nbreak\",\"attributes\":{}}\n" },
        { "an empty first name", ",id,title\nx,1,T\n", "2 {\"id\":\"1\",\"title\":\"T\",\"attributes\":{}}\n" },
        { "html is text", "id\ttitle\tdescription\n1\tT\t<p>Very <b>good</b> &amp; cheap</p>\n",
          "2 {\"id\":\"1\",\"title\":\"T\",\"description\":\"<p>Very <b>good</b> &amp; cheap</p>\",\"attributes\":{}}\n" },
        { "no id column", "name,price\nT,1\n", "open id: the file has no column for id (name one with --map column=id)\n" },
        { "empty", "", "" },
        { "blank", " \n \n", "" },
        { "one column", "\"id\"\n1\n", "open : the header has one column only\n" },
        { "an array", "[{\"id\":1}]", "open : the file is a JSON array: write one document a line (JSON Lines)\n" },
        { "utf-16", "\xff\xfei\0d\0", "open : the file is not UTF-8 text (UTF-16 or a binary file?): save it as UTF-8\n" },
    };
    (void)state;
    check_cases(cases, sizeof cases / sizeof *cases, &eur);
}

static void test_google_table(void **state)
{
    static const feed_case cases[] = {
        { "tsv with a group", "id\titem group id\ttitle\tlink\timage_link\tadditional_image_link\tprice\tsale_price\tavailability\tproduct_type\tgoogle_product_category\tcolor\tsize\tgender\tage_group\tmaterial\tcustom_label_0\tshipping\n"
          "j1\tj\tJacket\thttps://s.example/j1\thttps://s.example/1.jpg\thttps://s.example/2.jpg,https://s.example/3.jpg\t89.95 EUR\t79.95 EUR\tin stock\tOutdoor > Jackets\t5598\tnavy\tS\tfemale\tadult\tnylon\tnew\tUS:CA:Overnight:15.99 USD\n"
          "j2\tj\tJacket\thttps://s.example/j2\thttps://s.example/9.jpg\t\t89.95 EUR\t\tout of stock\tOutdoor > Jackets\t5598\tnavy\tM\tfemale\tadult\twool\tnew\t\n",
          "2 {\"id\":\"j\",\"title\":\"Jacket\",\"url\":\"https://s.example/j1\",\"image\":\"https://s.example/1.jpg\",\"images\":[\"https://s.example/2.jpg\",\"https://s.example/3.jpg\"],"
          "\"category\":\"Outdoor > Jackets\",\"attributes\":{\"google_product_category\":\"5598\",\"gender\":\"female\",\"age_group\":\"adult\",\"custom_label_0\":\"new\"},\"variants\":["
          "{\"sku\":\"j1\",\"size\":\"S\",\"color\":\"navy\",\"availability\":\"in_stock\",\"price\":\"89.950000 EUR\",\"salePrice\":\"79.950000 EUR\",\"attributes\":{\"material\":\"nylon\"}},"
          "{\"sku\":\"j2\",\"image\":\"https://s.example/9.jpg\",\"size\":\"M\",\"color\":\"navy\",\"availability\":\"out_of_stock\",\"price\":\"89.950000 EUR\",\"attributes\":{\"material\":\"wool\"}}]}\n" },
        { "a sale with its window", "id,title,price,sale_price,sale_price_effective_date\n1,T,10 USD,8 USD,2026-02-24T11:07+0100/2026-02-29\n"
          "2,T,10 USD,8 USD,2026-02-24T11:07+0100/2026-02-27T23:07+0100\n",
          "2! sale_price_effective_date: sale_price_effective_date: is not start/end as two ISO 8601 times\n"
          "3 {\"id\":\"2\",\"title\":\"T\",\"attributes\":{},\"price\":\"10.000000 USD\",\"salePrice\":\"8.000000 USD\",\"salePriceFrom\":\"2026-02-24T11:07+0100\",\"salePriceTo\":\"2026-02-27T23:07+0100\"}\n" },
    };
    (void)state;
    check_cases(cases, sizeof cases / sizeof *cases, &eur);
}

static void test_shopify(void **state)
{
    static const feed_case cases[] = {
        { "options, pictures, states",
          "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Inventory Qty,Variant Price,Variant Compare At Price,Image Src,Variant Image,Gift Card,Status,Cost per item\n"
          "tee,Tee,<p>Soft</p>,Fjord,Apparel > Shirts,Shirts,\"new, cotton\",TRUE,Size,S,Farbe,red,T-S,4,15.00,20.00,https://i.example/1.png,https://i.example/r.png,FALSE,active,3\n"
          "tee,,,,,,,,,M,,red,,2,15.00,,https://i.example/2.png,,,,\n"
          "tee,,,,,,,,,,,,,,,,https://i.example/3.png,,,,\n"
          "card,Gift card,,Fjord,,,,FALSE,Title,Default Title,,,GC,,25,,,,TRUE,draft,\n",
          "2 {\"id\":\"tee\",\"title\":\"Tee\",\"description\":\"<p>Soft</p>\",\"image\":\"https://i.example/1.png\",\"images\":[\"https://i.example/2.png\",\"https://i.example/3.png\"],\"brand\":\"Fjord\","
          "\"category\":\"Apparel > Shirts\",\"digital\":false,\"attributes\":{\"tags\":[\"new\",\"cotton\"]},\"variants\":["
          "{\"sku\":\"T-S\",\"image\":\"https://i.example/r.png\",\"size\":\"S\",\"color\":\"red\",\"price\":\"20.000000 EUR\",\"salePrice\":\"15.000000 EUR\",\"stock\":\"4\"},"
          "{\"sku\":\"tee/M/red\",\"size\":\"M\",\"color\":\"red\",\"price\":\"15.000000 EUR\",\"stock\":\"2\"}]}\n"
          "5 {\"id\":\"card\",\"title\":\"Gift card\",\"brand\":\"Fjord\",\"digital\":true,\"hidden\":true,\"attributes\":{},\"variants\":[{\"sku\":\"GC\",\"price\":\"25.000000 EUR\"}]}\n" },
    };
    kd_feed_options options = eur;
    (void)state;
    check_cases(cases, sizeof cases / sizeof *cases, &options);
}

static void test_xml(void **state)
{
    static const feed_case cases[] = {
        { "rss", "<?xml version=\"1.0\"?>\n<rss version=\"2.0\" xmlns:g=\"http://base.google.com/ns/1.0\">\n<channel><title>Shop</title><link>x</link>\n"
          "<item><g:id>1</g:id><title>Boot &amp; shoe</title><link>https://s.example/1</link><description><![CDATA[<b>fine</b>]]></description><guid>zzz</guid>\n"
          "<g:price>19.99 EUR</g:price><g:product_type>A &gt; B</g:product_type><g:product_type>C</g:product_type><g:additional_image_link>/2</g:additional_image_link>"
          "<g:additional_image_link>/3</g:additional_image_link><g:shipping><g:country>DE</g:country><g:price>4 EUR</g:price></g:shipping><g:pattern>dots</g:pattern></item>\n"
          "<item><g:id>2</g:id><title>T</title><g:price>cheap</g:price></item>\n<item><g:id>3</g:id><g:title>T</g:title></item></channel></rss>\n",
          "6! g:price: g:price: is no decimal amount such as 19.99 or 19.99 EUR, with at most 6 decimals\n"
          "4 {\"id\":\"1\",\"title\":\"Boot & shoe\",\"description\":\"<b>fine</b>\",\"url\":\"https://s.example/1\",\"images\":[\"/2\",\"/3\"],\"category\":\"A > B\",\"categories\":[\"A > B\",\"C\"],"
          "\"attributes\":{\"pattern\":\"dots\"},\"price\":\"19.990000 EUR\"}\n7 {\"id\":\"3\",\"title\":\"T\",\"attributes\":{}}\n" },
        { "atom", "\n<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><id>tag:1</id><g:id>7</g:id><title>T</title><link rel=\"edit\" href=\"/e\"/><link href=\"/p\"/>"
          "<summary type=\"html\">&lt;i&gt;S&lt;/i&gt;</summary><updated>2026-01-01</updated></entry></feed>",
          "2 {\"id\":\"7\",\"title\":\"T\",\"description\":\"<i>S</i>\",\"url\":\"/p\",\"attributes\":{}}\n" },
        { "truncated", "<rss>\n<channel>\n<item><id>1</id><title>T</title></item>\n<item><id>2</id><tit", "3 {\"id\":\"1\",\"title\":\"T\",\"attributes\":{}}\nend io: the XML is broken at line 4: unclosed token\n" },
        { "malformed", "<rss>\n<item><id>1</title></item></rss>", "end io: the XML is broken at line 2: mismatched tag\n" },
        { "an unknown entity", "<rss><item><id>1</id><title>a&nbsp;b</title></item></rss>", "end io: the XML is broken at line 1: undefined entity\n" },
        { "a bomb", "<!DOCTYPE r [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"> ]>\n<rss><item><id>&b;</id></item></rss>",
          "end io: the XML is refused at line 1: it declares entities, which a product feed does not need\n" },
        { "an outside entity", "<!DOCTYPE r [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><rss><item><id>&a;</id></item></rss>",
          "end io: the XML is refused at line 1: it declares entities, which a product feed does not need\n" },
        { "latin-1", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><rss><item><id>1</id><title>M\xfc" "nchen</title></item></rss>",
          "1 {\"id\":\"1\",\"title\":\"M\xc3\xbcnchen\",\"attributes\":{}}\n" },
        { "no items", "<rss><channel/></rss>", "" },
        { "html", "<!doctype html><html><body>Login</body>", "end io: the XML is broken at line 1: syntax error\n" },
    };
    (void)state;
    check_cases(cases, sizeof cases / sizeof *cases, &eur);
}

static void test_xml_bounds(void **state)
{
    kd_feed_options options = eur;
    kd_arena       *arena = kd_arena_new(SIZE_MAX / 4);
    const size_t    size = 3 * 1024 * 1024;
    char           *file = malloc(size);
    (void)state;
    assert_non_null(file);
    options.record_bytes_max = 10000;
    /* an item too long is one bad row; the next one is read */
    size_t len = (size_t)snprintf(file, size, "<rss><item><id>1</id><description>");
    memset(file + len, 'x', 200000);
    len += 200000;
    len += (size_t)snprintf(file + len, size - len, "</description></item><item><id>2</id><title>T</title></item></rss>");
    assert_string_equal(feed_text(arena, file, len, &options).ptr, "1! : the item is longer than 10000 bytes\n1 {\"id\":\"2\",\"title\":\"T\",\"attributes\":{}}\n");
    /* a tag without an end does not fill the memory */
    len = (size_t)snprintf(file, size, "<rss><item a=\"");
    memset(file + len, 'x', size - len);
    assert_string_equal(feed_text(arena, file, size, &options).ptr, "end io: the XML is refused at line 1: a tag or comment is longer than 10000 bytes\n");
    /* nor do elements without number */
    len = (size_t)snprintf(file, size, "<rss>");
    while (len + 3 < size)
        len += (size_t)snprintf(file + len, size - len, "<a>");
    assert_string_equal(feed_text(arena, file, len, &options).ptr, "end io: the XML is refused at line 1: elements are nested deeper than 64\n");
    free(file);
    kd_arena_free(arena);
}

static void test_json_lines(void **state)
{
    static const feed_case cases[] = {
        { "documents", "\n{\"id\":\"1\",\"title\":\"T\",\"price\":19.99}\r\n\n{\"id\":2,\"deleted\":true}\n{\"id\":3", "2 {\"id\":\"1\",\"title\":\"T\",\"price\":19.99}\n4- {\"id\":2,\"deleted\":true}\n" },
        { "bad lines", "{\"id\":1}\n[1]\n{}x\n", "1 {\"id\":1}\n" },
    };
    kd_arena *arena = kd_arena_new(SIZE_MAX / 4);
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const kd_str got = feed_text(arena, cases[i].file, strlen(cases[i].file), &eur);
        if (!kd_str_starts(got, cases[i].wanted))
            fail_msg("%s", got.ptr);
        assert_non_null(strstr(got.ptr, i == 0 ? "5! " : "3! "));
    }
    kd_feed_options small = eur;
    small.record_bytes_max = 40;
    const char *file = "{\"id\":1}\n{\"id\":2,\"title\":\"0123456789012345678901234567890123456789\"}\n{\"id\":3}";
    assert_string_equal(feed_text(arena, file, strlen(file), &small).ptr, "1 {\"id\":1}\n2! : the line is longer than 40 bytes\n3 {\"id\":3}\n");
    kd_arena_free(arena);
}

static void test_map(void **state)
{
    static const struct { kd_feed_map map; const char *wanted; } cases[] = {
        { { "Artikel", "id" }, "2 {\"id\":\"7\",\"title\":\"Boot\",\"attributes\":{\"Stoff\":\"Leder\"},\"price\":\"1234.500000 EUR\"}\n" },
        { { "artikel ", "id" }, "2 {\"id\":\"7\",\"title\":\"Boot\",\"attributes\":{\"Stoff\":\"Leder\"},\"price\":\"1234.500000 EUR\"}\n" },
        { { "Stoff", "taste:material" }, "open id: the file has no column for id (name one with --map column=id)\n" },
        { { "Artikel", "number" }, "open number: --map Artikel=number: Kunde has no field \"number\" for product documents\n" },
        { { "Nummer", "id" }, "open Nummer: the file has no column \"Nummer\", which --map names\n" },
    };
    const char *file = "Artikel;title;price;Stoff\n7;Boot;1234,50;Leder\n";
    kd_arena   *arena = kd_arena_new(SIZE_MAX / 4);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const kd_feed_options options = { .map = &cases[i].map, .map_count = 1, .currency = { "EUR" }, .decimal_comma = true };
        const kd_str          got = feed_text(arena, file, strlen(file), &options);
        if (strcmp(got.ptr, cases[i].wanted) != 0)
            fail_msg("%s", got.ptr);
    }
    const kd_feed_map     stock[] = { { "Artikel", "id" }, { "price", "stock:berlin" }, { "Stoff", "skip" } };
    const kd_feed_options options = { .map = stock, .map_count = 3, .decimal_comma = true };
    const char           *counted = "Artikel;title;price;Stoff\n7;Boot;12;Leder\n";
    assert_string_equal(feed_text(arena, counted, strlen(counted), &options).ptr, "2 {\"id\":\"7\",\"title\":\"Boot\",\"attributes\":{},\"stock\":{\"berlin\":\"12\"}}\n");
    const kd_feed_options poor = { .map = stock, .map_count = 1 };
    assert_string_equal(feed_text(arena, counted, strlen(counted), &poor).ptr, "2! price: price: has no currency, and none was given for the file\n");
    kd_arena_free(arena);
}

static void test_other_documents(void **state)
{
    static const feed_case places[] = {
        { "a place", "store_code,name,lat,lng,zip,city,country,monday,sun,phone\nb1,Berlin,52.52,13.405,10115,Berlin,DE,\"9:00-12:00, 13:00-18\",closed,030\n,x,,,,,,,,\nb3,B,north,1,,,,,,\nb4,B,,,,,,always,,\n",
          "2 {\"id\":\"b1\",\"name\":\"Berlin\",\"latitude\":\"52.52\",\"longitude\":\"13.405\",\"address\":{\"postalCode\":\"10115\",\"city\":\"Berlin\",\"country\":\"DE\"},"
          "\"hours\":{\"mon\":[[\"09:00\",\"12:00\"],[\"13:00\",\"18:00\"]],\"sun\":[]},\"phone\":\"030\"}\n3! id: id: is missing\n4! lat: lat: is no number\n"
          "5! mon: mon: hours are written 09:00-12:00, 13:00-18:00 or closed\n" },
    };
    static const feed_case contents[] = {
        { "a guide", "id,type,title,url,tags,category,products,author\ng1,guide,Boots,/g1,care|leather,Shoes > Boots,p1|p2,Ann\n",
          "2 {\"id\":\"g1\",\"kind\":\"guide\",\"title\":\"Boots\",\"url\":\"/g1\",\"topics\":[\"care\",\"leather\"],\"categories\":[\"Shoes > Boots\"],\"products\":[\"p1\",\"p2\"],\"author\":\"Ann\"}\n" },
    };
    static const feed_case codes[] = {
        { "postal codes", "country_code;plz;place;latitude;longitude\nDE;24937;Flensburg;54,78;9,43\n", "2 {\"country\":\"DE\",\"postalCode\":\"24937\",\"latitude\":\"54.78\",\"longitude\":\"9.43\"}\n" },
    };
    (void)state;
    check_cases(places, 1, &(kd_feed_options){ .what = KD_FEED_PLACES });
    check_cases(contents, 1, &(kd_feed_options){ .what = KD_FEED_CONTENT });
    check_cases(codes, 1, &(kd_feed_options){ .what = KD_FEED_POSTAL, .decimal_comma = true });
}

/* The whole way: a feed whose group does not stand together, put in one batch and in several, gives the same product. */
static void test_feed_into_catalogue(void **state)
{
    static const char file[] = "id,item_group_id,title,price,size\na1,a,A,1,S\nb1,b,B,2,S\na2,a,A,1,M\nc,,C,3,\na3,a,A,1,L\n";
    (void)state;
    for (size_t batch = 1; batch <= 8; batch += 7) {
        shop               s;
        kd_input          *in = NULL;
        kd_feed           *feed = NULL;
        kd_err             err = { 0 }, bad[8];
        kd_catalog_change  changes[8];
        size_t             count = 0, refused = 0;
        uint64_t           line;
        kd_str             raw;
        kd_status          status;
        shop_open(&s);
        assert_int_equal(kd_input_memory(&in, file, sizeof file - 1, "", 0, &err), KD_OK);
        assert_int_equal(kd_feed_open(&feed, in, &eur, &err), KD_OK);
        do {
            status = kd_feed_next(&changes[count], feed, s.arena, &line, &raw, &err);
            count += status == KD_OK;
            if (count != 0 && (count == batch || status != KD_OK)) {
                assert_int_equal(kd_catalog_put(s.catalog, changes, count, s.now_ms, bad, &refused, &err), KD_OK);
                assert_int_equal(refused, 0);
                count = 0;
            }
        } while (status == KD_OK);
        assert_int_equal(status, KD_NOT_FOUND);
        const kd_snapshot *t = kd_snapshot_acquire(s.catalog);
        assert_int_equal(kd_snapshot_products(t), 3);
        assert_int_equal(shop_product(t, "a")->variant_count, 3);
        assert_true(kd_str_is(shop_product(t, "a")->variants[2].size, "L"));
        kd_snapshot_release(t);
        kd_feed_close(feed);
        kd_input_close(in);
        shop_close(&s);
    }
}

int run_feed_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_csv), cmocka_unit_test(test_google_table), cmocka_unit_test(test_shopify), cmocka_unit_test(test_xml),
        cmocka_unit_test(test_xml_bounds), cmocka_unit_test(test_json_lines), cmocka_unit_test(test_map), cmocka_unit_test(test_other_documents),
        cmocka_unit_test(test_feed_into_catalogue),
    };
    return cmocka_run_group_tests_name("feeds", tests, NULL, NULL);
}
