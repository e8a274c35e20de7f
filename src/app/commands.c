/* The commands of `kunde`, by name. */
#include "app/command.h"

#include <stdio.h>
#include <string.h>

static const kd_command *const commands[] = {
    &kd_command_serve, &kd_command_demo, &kd_command_import, &kd_command_train, &kd_command_recommend, &kd_command_decide,
    &kd_command_doctor, &kd_command_backup, &kd_command_audit, &kd_command_config, &kd_command_rotate, &kd_command_export, &kd_command_erase,
};
enum { COMMANDS = sizeof commands / sizeof *commands };

const kd_command *kd_command_find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

void kd_commands_help(FILE *to)
{
    fprintf(to, "kunde %s, the retail personalization engine\n\nusage: kunde COMMAND [--db FILE] [options]\n\n", KD_VERSION);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-17s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(to, "\n`kunde COMMAND --help` tells more; `kunde config` lists the settings, each of which is also a flag.\n");
}
