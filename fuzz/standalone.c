/* Runs a fuzz target once over each file given, and over each file of each directory given: what libFuzzer's main does with a
 * corpus, for compilers without libFuzzer. Every input lies in a block of exactly its size, so that a sanitizer sees one byte
 * too far. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool run_file(const char *path)
{
    struct stat about;
    FILE       *file = fopen(path, "rb");
    if (file == NULL || fstat(fileno(file), &about) != 0) {
        fprintf(stderr, "%s: cannot be read\n", path);
        if (file != NULL)
            fclose(file);
        return false;
    }
    size_t   size = (size_t)about.st_size;
    uint8_t *bytes = malloc(size > 0 ? size : 1);
    bool     ok = bytes != NULL && fread(bytes, 1, size, file) == size;
    if (ok)
        LLVMFuzzerTestOneInput(bytes, size);
    free(bytes);
    fclose(file);
    return ok;
}

static bool run_directory(DIR *dir, const char *path, size_t *files)
{
    bool ok = true;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char name[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        ok = run_file(name) && ok;
        (*files)++;
    }
    return ok;
}

int main(int argc, char **argv)
{
    size_t files = 0;
    bool   ok = true;
    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        if (dir != NULL) {
            ok = run_directory(dir, argv[i], &files) && ok;
            closedir(dir);
        } else {
            ok = run_file(argv[i]) && ok;
            files++;
        }
    }
    printf("%zu files\n", files);
    return ok && files > 0 ? 0 : 1; /* an empty corpus proves nothing */
}
