/* verbs - the methods of the control socket, by name, and their description.
 *
 * One table: the server dispatches on it, the CLI calls by it, and
 * GetInterfaceDescription is its text. */
#ifndef PM1_WIRE_VERBS_H
#define PM1_WIRE_VERBS_H

#include <stdbool.h>
#include <stddef.h>

enum verb {
	VERB_PING,
	VERB_LIST,
	VERB_START,
	VERB_STOP,
	VERB_RESTART,
	VERB_RELOAD,
	VERB_DELETE,
	VERB_RESET,
	VERB_FLUSH,
	VERB_SIGNAL,
	VERB_RELOAD_CONFIG,
	VERB_SCALE,
	VERB_DUMP,
	VERB_ENV,
	VERB_EVENTS,
	VERB_REOPEN_LOGS,
	VERB_KILL,
	VERB_POWER,
	VERB_GET_INFO, /* org.varlink.service */
	VERB_GET_INTERFACE_DESCRIPTION,
	VERB_MAX,
};

struct verb_info {
	const char *method; /* "io.pm1.List" */
	bool reads; /* changes nothing */
};
const struct verb_info *verb_info(enum verb v);
/* VERB_MAX: unknown. */
enum verb verb_find(const char *method);
extern const char verbs_interface[]; /* the varlink interface definition of io.pm1 */

/* Errors of io.pm1, with their parameters:
 *   NoSuchService(target: string, nearest: ?string)
 *   InvalidConfig(messages: []string)
 *   NotDone(messages: []string, services: []object)   what was asked for isn't so, one message a service
 *   Denied(method: string)
 *   Busy(message: string)
 */
#define ERROR_NO_SUCH_SERVICE "io.pm1.NoSuchService"
#define ERROR_INVALID_CONFIG "io.pm1.InvalidConfig"
#define ERROR_NOT_DONE "io.pm1.NotDone"
#define ERROR_DENIED "io.pm1.Denied"
#define ERROR_BUSY "io.pm1.Busy"
#define ERROR_INTERFACE_NOT_FOUND "org.varlink.service.InterfaceNotFound"
#define ERROR_METHOD_NOT_FOUND "org.varlink.service.MethodNotFound"
#define ERROR_INVALID_PARAMETER "org.varlink.service.InvalidParameter"

#endif
