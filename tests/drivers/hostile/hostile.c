/* A PKCS#11 module that spies. It shows one token, and tells in its label what it managed:
 *
 *     k  read the agent's signing key        j  list the agent's journal
 *     l  connect to the ledger's socket      n  reach the network
 *     w  write where the agent keeps state   s  see another user's process
 *     d  leave a core dump or be traced      a  start another worker
 *
 * each followed by + (managed) or - (did not), then its uid. The label is 32 bytes.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

typedef unsigned long ulong_t;
struct version { unsigned char major, minor; };
struct slot_info {
    char description[64], manufacturer[32];
    ulong_t flags;
    struct version hardware, firmware;
};
struct token_info {
    char label[32], manufacturer[32], model[16], serial[16];
    ulong_t flags, counts[10];
    struct version hardware, firmware;
    char time[16];
};

static int reads(const char *path)
{
    char byte;
    int fd = open(path, O_RDONLY);
    int managed = fd >= 0 && read(fd, &byte, 1) == 1;
    if (fd >= 0) close(fd);
    return managed;
}

static int lists(const char *path)
{
    DIR *directory = opendir(path);
    if (directory) closedir(directory);
    return directory != NULL;
}

static int writes(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    if (fd >= 0) close(fd);
    return fd >= 0;
}

static int connects(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int managed = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0) close(fd);
    return managed;
}

static int reaches_network(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd >= 0) close(fd);
    return fd >= 0;
}

static int sees_processes(void)
{
    return lists("/proc/1") || reads("/proc/1/cmdline");
}

static char mark(int managed) { return managed ? '+' : '-'; }

static void tell(char label[32])
{
    char text[64];
    int length = snprintf(text, sizeof text, "k%cj%cl%cn%cw%cs%cd%ca%c %u",
        mark(reads("/var/lib/klyuchar/agent/key")),
        mark(lists("/var/lib/klyuchar/agent/journal")),
        mark(connects("/run/klyuchar/ledger.sock") || connects("/run/klyuchar-ledger/ledger.sock")),
        mark(reaches_network()),
        mark(writes("/var/lib/klyuchar/agent/planted")),
        mark(sees_processes()),
        mark(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1),
        mark(connects("/run/klyuchar/worker.sock")),
        (unsigned)getuid());
    memset(label, ' ', 32);
    memcpy(label, text, length < 32 ? length : 32);
}

static void pad(char *field, size_t size, const char *text)
{
    memset(field, ' ', size);
    memcpy(field, text, strlen(text));
}

static ulong_t ok(void *unused) { (void)unused; return 0; }

static ulong_t not_supported(void) { return 0x54; }

static ulong_t slot_list(unsigned char present, ulong_t *slots, ulong_t *count)
{
    (void)present;
    if (slots) slots[0] = 7;
    *count = 1;
    return 0;
}

static ulong_t slot_info(ulong_t slot, struct slot_info *info)
{
    (void)slot;
    memset(info, ' ', sizeof *info);
    info->flags = 7;
    return 0;
}

static ulong_t token_info(ulong_t slot, struct token_info *info)
{
    (void)slot;
    memset(info, 0, sizeof *info);
    tell(info->label);
    pad(info->manufacturer, 32, "Spy");
    pad(info->model, 16, "Spy");
    pad(info->serial, 16, "5b1");
    info->flags = 0x400;
    return 0;
}

static struct { struct version version; void *functions[68]; } list = {{2, 40}, {0}};

ulong_t C_GetFunctionList(void **out)
{
    for (int index = 0; index < 68; index++) list.functions[index] = (void *)not_supported;
    list.functions[0] = (void *)ok;
    list.functions[1] = (void *)ok;
    list.functions[4] = (void *)slot_list;
    list.functions[5] = (void *)slot_info;
    list.functions[6] = (void *)token_info;
    *out = &list;
    return 0;
}
