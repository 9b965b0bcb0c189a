/* A reader driver for pcscd whose one slot holds a card of ours, at the other end of a socket.
 *
 * DEVICENAME names an AF_UNIX socket of type SOCK_SEQPACKET. Each question is one message, a letter
 * and what belongs to it, and gets one message back, which begins with 1 for yes or 0 for no:
 *     P            is a card there?
 *     R            reset it or give it power; its answer to reset follows the 1
 *     O            take the power away
 *     X command    its answer follows the 1
 *
 * Names, types and numbers are those of pcsc-lite's ifdhandler.h, IFD handler API 3.0.
 */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

typedef unsigned long DWORD;
typedef long RESPONSECODE;
typedef struct { DWORD protocol, length; } SCARD_IO_HEADER;

enum {
	IFD_SUCCESS = 0, IFD_ERROR_TAG = 600, IFD_ERROR_POWER_ACTION = 608,
	IFD_COMMUNICATION_ERROR = 612, IFD_NOT_SUPPORTED = 614,
	IFD_ICC_PRESENT = 615, IFD_ICC_NOT_PRESENT = 616,
	IFD_POWER_DOWN = 501, TAG_IFD_SLOTS_NUMBER = 0x0FAE,
	LONGEST_MESSAGE = 1024,
};

static int desk = -1;

/* The size of what follows a yes, or -1 for no and for a desk that went away. */
static long ask(char letter, const unsigned char *more, size_t size, unsigned char *answer, size_t room)
{
	unsigned char message[LONGEST_MESSAGE];
	ssize_t got;

	if (size + 1 > sizeof message)
		return -1;
	message[0] = letter;
	if (size)
		memcpy(message + 1, more, size);
	if (send(desk, message, size + 1, MSG_NOSIGNAL) < 0)
		return -1;
	got = recv(desk, message, sizeof message, 0);
	if (got < 1 || !message[0] || (size_t)got - 1 > room)
		return -1;
	memcpy(answer, message + 1, got - 1);
	return got - 1;
}

RESPONSECODE IFDHCreateChannelByName(DWORD lun, char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)lun;
	strncpy(address.sun_path, path, sizeof address.sun_path - 1);
	desk = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (desk < 0 || connect(desk, (struct sockaddr *)&address, sizeof address))
		return IFD_COMMUNICATION_ERROR;
	return IFD_SUCCESS;
}

RESPONSECODE IFDHCreateChannel(DWORD lun, DWORD channel)
{
	(void)lun, (void)channel;
	return IFD_NOT_SUPPORTED;
}

RESPONSECODE IFDHCloseChannel(DWORD lun)
{
	(void)lun;
	close(desk);
	return IFD_SUCCESS;
}

RESPONSECODE IFDHGetCapabilities(DWORD lun, DWORD tag, DWORD *length, unsigned char *value)
{
	(void)lun;
	if (tag != TAG_IFD_SLOTS_NUMBER)
		return IFD_ERROR_TAG;
	*length = 1;
	*value = 1;
	return IFD_SUCCESS;
}

RESPONSECODE IFDHSetCapabilities(DWORD lun, DWORD tag, DWORD length, unsigned char *value)
{
	(void)lun, (void)tag, (void)length, (void)value;
	return IFD_ERROR_TAG;
}

RESPONSECODE IFDHSetProtocolParameters(DWORD lun, DWORD protocol, unsigned char flags,
	unsigned char pts1, unsigned char pts2, unsigned char pts3)
{
	(void)lun, (void)protocol, (void)flags, (void)pts1, (void)pts2, (void)pts3;
	return IFD_SUCCESS;
}

RESPONSECODE IFDHPowerICC(DWORD lun, DWORD action, unsigned char *atr, DWORD *length)
{
	long size = ask(action == IFD_POWER_DOWN ? 'O' : 'R', NULL, 0, atr, 33);

	(void)lun;
	*length = size < 0 ? 0 : size;
	return size < 0 ? IFD_ERROR_POWER_ACTION : IFD_SUCCESS;
}

RESPONSECODE IFDHTransmitToICC(DWORD lun, SCARD_IO_HEADER sent, unsigned char *command, DWORD size,
	unsigned char *answer, DWORD *room, SCARD_IO_HEADER *received)
{
	long got = ask('X', command, size, answer, *room);

	(void)lun, (void)sent, (void)received;
	*room = got < 0 ? 0 : got;
	return got < 0 ? IFD_COMMUNICATION_ERROR : IFD_SUCCESS;
}

RESPONSECODE IFDHControl(DWORD lun, DWORD code, unsigned char *sent, DWORD size,
	unsigned char *answer, DWORD room, DWORD *got)
{
	(void)lun, (void)code, (void)sent, (void)size, (void)answer, (void)room;
	*got = 0;
	return IFD_NOT_SUPPORTED;
}

RESPONSECODE IFDHICCPresence(DWORD lun)
{
	unsigned char nothing[1];

	(void)lun;
	return ask('P', NULL, 0, nothing, sizeof nothing) < 0 ? IFD_ICC_NOT_PRESENT : IFD_ICC_PRESENT;
}
