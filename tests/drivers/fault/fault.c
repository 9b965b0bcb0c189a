/* A PKCS#11 module that forwards to a real one and misbehaves on demand.
 *
 * KLYUCHAR_FAULT_MODULE names the real module, KLYUCHAR_FAULT_PLAN a file of lines
 *
 *     FUNCTION SLOT NTH BEHAVIOUR [ARGUMENT]
 *
 * read anew at every call. SLOT and NTH may be "*"; NTH counts, in this process, the calls that
 * match FUNCTION and SLOT. Calls on a session belong to the slot it was opened for. Before the
 * real call: hang, deaf (hang with the alarm disarmed), spin, segv, abort, exit, babble (write
 * rubbish to every socket), rv CODE. After it: count N, twice, slot ID, flags HEX, label HEX,
 * serial TEXT, rawserial HEX, changing, full, maker TEXT, model TEXT, length N, nolist ("_" in
 * TEXT is a blank).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
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
struct attribute { ulong_t type; void *value; ulong_t length; };
struct function_list { struct version version; void *functions[68]; };

enum { CERTIFICATE_VALUE = 0x11 };
static struct function_list *real, ours;
static ulong_t session_slot;

enum { INITIALIZE, FINALIZE, GET_INFO, GET_SLOT_LIST = 4, GET_SLOT_INFO, GET_TOKEN_INFO,
       OPEN_SESSION = 12, CLOSE_SESSION, GET_ATTRIBUTE_VALUE = 24, FIND_INIT = 26, FIND, FIND_FINAL };

enum { MOST_FAULTS = 8 };
struct faults { int count; struct { char behaviour[32], argument[128]; } all[MOST_FAULTS]; };

static int matches(const char *wanted, ulong_t value)
{
    return strcmp(wanted, "*") == 0 || strtoul(wanted, NULL, 10) == value;
}

/* The faults planned for this call. */
static struct faults planned(const char *function, ulong_t slot)
{
    static struct { char line[256]; ulong_t calls; } seen[64];
    struct faults found = {0};
    char line[256];
    FILE *plan = fopen(getenv("KLYUCHAR_FAULT_PLAN"), "re");
    for (int row = 0; plan && row < 64 && fgets(line, sizeof line, plan); row++) {
        char name[64], at[32], nth[32];
        found.all[found.count].argument[0] = 0;
        if (sscanf(line, "%63s %31s %31s %31s %127s", name, at, nth,
                   found.all[found.count].behaviour, found.all[found.count].argument) < 4) continue;
        if (strcmp(name, function) || !matches(at, slot)) continue;
        if (strcmp(seen[row].line, line)) { strcpy(seen[row].line, line); seen[row].calls = 0; }
        if (matches(nth, ++seen[row].calls) && found.count < MOST_FAULTS - 1) found.count++;
    }
    if (plan) fclose(plan);
    return found;
}

/* The argument of a planned behaviour, or NULL where it is not planned. */
static const char *argument(const struct faults *faults, const char *behaviour)
{
    for (int each = 0; each < faults->count; each++)
        if (!strcmp(faults->all[each].behaviour, behaviour)) return faults->all[each].argument;
    return NULL;
}

static void babble(void)
{
    static const char rubbish[] = "{\"type\":\"finished\",\"look\":\xff}\n";
    for (int fd = 3; fd < 64; fd++) send(fd, rubbish, sizeof rubbish - 1, MSG_DONTWAIT);
}

static void deaf(void)
{
    struct itimerval none = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &none, NULL);
    signal(SIGALRM, SIG_IGN);
    for (;;) pause();
}

/* Misbehave before the call; the code to return instead of it, or 0. */
static ulong_t misbehave(const struct faults *faults)
{
    const char *code = argument(faults, "rv");
    if (argument(faults, "hang")) for (;;) pause();
    if (argument(faults, "deaf")) deaf();
    if (argument(faults, "spin")) for (volatile int turning = 1; turning;) {}
    if (argument(faults, "segv")) *(volatile int *)8 = 1;
    if (argument(faults, "abort")) abort();
    if (argument(faults, "exit")) _exit(0);
    if (argument(faults, "babble")) babble();
    return code ? strtoul(code, NULL, 16) : 0;
}

static void put_text(char *field, size_t size, const char *text)
{
    memset(field, ' ', size);
    for (size_t at = 0; at < size && text[at]; at++) field[at] = text[at] == '_' ? ' ' : text[at];
}

static void put_hex(char *field, size_t size, const char *hex)
{
    memset(field, ' ', size);
    for (size_t at = 0; at < size && hex[2 * at] && hex[2 * at + 1]; at++) {
        unsigned byte;
        sscanf(hex + 2 * at, "%2x", &byte);
        field[at] = (char)byte;
    }
}

#define BEFORE(name, slot)                           \
    struct faults faults = planned(name, slot);      \
    const char *how;                                 \
    ulong_t code = misbehave(&faults);               \
    (void)how;                                       \
    if (code) return code;

static ulong_t initialize(void *arguments)
{
    BEFORE("C_Initialize", 0)
    return ((ulong_t(*)(void *))real->functions[INITIALIZE])(arguments);
}

static ulong_t finalize(void *reserved)
{
    BEFORE("C_Finalize", 0)
    return ((ulong_t(*)(void *))real->functions[FINALIZE])(reserved);
}

static ulong_t get_info(void *info)
{
    BEFORE("C_GetInfo", 0)
    return ((ulong_t(*)(void *))real->functions[GET_INFO])(info);
}

static ulong_t get_slot_list(unsigned char present, ulong_t *slots, ulong_t *count)
{
    BEFORE("C_GetSlotList", 0)
    code = ((ulong_t(*)(unsigned char, ulong_t *, ulong_t *))real->functions[GET_SLOT_LIST])(
        present, slots, count);
    if ((how = argument(&faults, "count"))) *count = strtoul(how, NULL, 10);
    if ((how = argument(&faults, "slot")) && slots) slots[0] = strtoul(how, NULL, 10);
    if ((how = argument(&faults, "twice"))) {
        if (slots) slots[*count] = slots[0];
        (*count)++;
    }
    return code;
}

static ulong_t get_slot_info(ulong_t slot, struct slot_info *info)
{
    BEFORE("C_GetSlotInfo", slot)
    code = ((ulong_t(*)(ulong_t, struct slot_info *))real->functions[GET_SLOT_INFO])(slot, info);
    if ((how = argument(&faults, "flags"))) info->flags = strtoul(how, NULL, 16);
    return code;
}

static ulong_t get_token_info(ulong_t slot, struct token_info *info)
{
    static unsigned calls;
    BEFORE("C_GetTokenInfo", slot)
    code = ((ulong_t(*)(ulong_t, struct token_info *))real->functions[GET_TOKEN_INFO])(slot, info);
    if ((how = argument(&faults, "flags"))) info->flags = strtoul(how, NULL, 16);
    if ((how = argument(&faults, "label"))) put_hex(info->label, 32, how);
    if ((how = argument(&faults, "serial"))) put_text(info->serial, 16, how);
    if ((how = argument(&faults, "rawserial"))) put_hex(info->serial, 16, how);
    if ((how = argument(&faults, "maker"))) put_text(info->manufacturer, 32, how);
    if ((how = argument(&faults, "model"))) put_text(info->model, 16, how);
    if ((how = argument(&faults, "full"))) memset(info, 'x', sizeof info->label + 64);
    if ((how = argument(&faults, "changing"))) info->serial[0] = (char)('a' + calls++ % 26);
    return code;
}

static ulong_t open_session(ulong_t slot, ulong_t flags, void *us, void *notify, ulong_t *session)
{
    session_slot = slot;
    BEFORE("C_OpenSession", slot)
    return ((ulong_t(*)(ulong_t, ulong_t, void *, void *, ulong_t *))real->functions[OPEN_SESSION])(
        slot, flags, us, notify, session);
}

static ulong_t close_session(ulong_t session)
{
    BEFORE("C_CloseSession", session_slot)
    return ((ulong_t(*)(ulong_t))real->functions[CLOSE_SESSION])(session);
}

static ulong_t get_attribute_value(ulong_t session, ulong_t object, struct attribute *wanted,
                                   ulong_t count)
{
    BEFORE("C_GetAttributeValue", session_slot)
    code = ((ulong_t(*)(ulong_t, ulong_t, struct attribute *, ulong_t))
                real->functions[GET_ATTRIBUTE_VALUE])(session, object, wanted, count);
    if ((how = argument(&faults, "length")) && count == 1 && wanted[0].type == CERTIFICATE_VALUE)
        wanted[0].length = strtoul(how, NULL, 10);
    return code;
}

static ulong_t find_init(ulong_t session, void *wanted, ulong_t count)
{
    BEFORE("C_FindObjectsInit", session_slot)
    return ((ulong_t(*)(ulong_t, void *, ulong_t))real->functions[FIND_INIT])(session, wanted, count);
}

static ulong_t find(ulong_t session, ulong_t *objects, ulong_t room, ulong_t *count)
{
    BEFORE("C_FindObjects", session_slot)
    code = ((ulong_t(*)(ulong_t, ulong_t *, ulong_t, ulong_t *))real->functions[FIND])(
        session, objects, room, count);
    if ((how = argument(&faults, "count"))) *count = strtoul(how, NULL, 10);
    return code;
}

static ulong_t find_final(ulong_t session)
{
    BEFORE("C_FindObjectsFinal", session_slot)
    return ((ulong_t(*)(ulong_t))real->functions[FIND_FINAL])(session);
}

/* The only symbol that is exported, as some vendors do. */
ulong_t C_GetFunctionList(struct function_list **out)
{
    void *module = dlopen(getenv("KLYUCHAR_FAULT_MODULE"), RTLD_NOW | RTLD_LOCAL);
    BEFORE("C_GetFunctionList", 0)
    if (!module) return 5;
    ulong_t (*get)(struct function_list **) = dlsym(module, "C_GetFunctionList");
    code = get(&real);
    if (code) return code;
    ours = *real;
    ours.functions[INITIALIZE] = (void *)initialize;
    ours.functions[FINALIZE] = (void *)finalize;
    ours.functions[GET_INFO] = (void *)get_info;
    ours.functions[GET_SLOT_LIST] = (void *)get_slot_list;
    ours.functions[GET_SLOT_INFO] = (void *)get_slot_info;
    ours.functions[GET_TOKEN_INFO] = (void *)get_token_info;
    ours.functions[OPEN_SESSION] = (void *)open_session;
    ours.functions[CLOSE_SESSION] = (void *)close_session;
    ours.functions[GET_ATTRIBUTE_VALUE] = (void *)get_attribute_value;
    ours.functions[FIND_INIT] = (void *)find_init;
    ours.functions[FIND] = (void *)find;
    ours.functions[FIND_FINAL] = (void *)find_final;
    *out = (how = argument(&faults, "nolist")) ? NULL : &ours;
    return 0;
}
