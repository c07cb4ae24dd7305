/*
 * The CNI plug-in that the container runtime starts. It holds no logic: it hands the call to the node
 * agent over a unix socket and copies the answer, since starting Node.js for each call costs 40 ms.
 *
 * Framing (all integers are unsigned, 32 bits, big-endian):
 *   request:  LENGTH, then LENGTH bytes: "NAME=VALUE" of each CNI_* variable, each ended by a zero byte,
 *             one more zero byte, then standard input as it came (the network configuration).
 *   answer:   STATUS, LENGTH, then LENGTH bytes for standard output. STATUS is the exit code (0..255).
 * An agent that is being replaced is waited for. When it cannot be reached or breaks off, the answer is CNI error 11
 * ("try again later"); 5 when standard input cannot be read.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_BODY (16u * 1024 * 1024)
#define ANSWER_SECONDS 120
#define CONNECT_TRIES 50 /* of 100 ms: a new agent listens after one to three seconds */

extern char **environ;
static char version[16] = "1.1.0"; /* of errors; that of the request when it has one */

struct buffer {
  char *data;
  size_t length, capacity;
};

/* Prints a CNI error; `what` and strerror texts hold neither quotes nor backslashes. */
static int fail(int code, const char *what) {
  printf("{\"cniVersion\":\"%s\",\"code\":%d,\"msg\":\"%s\",\"details\":\"%s: %s\"}\n", version, code,
         code == 5 ? "the network configuration cannot be read" : "the Seam agent on this node does not answer",
         what, strerror(errno));
  return 1;
}

static int append(struct buffer *buffer, const char *bytes, size_t length) {
  if (buffer->length + length > MAX_BODY) {
    errno = EMSGSIZE;
    return -1;
  }
  if (buffer->length + length > buffer->capacity) {
    size_t capacity = 2 * (buffer->length + length);
    char *data = realloc(buffer->data, capacity);
    if (data == NULL) return -1;
    buffer->data = data;
    buffer->capacity = capacity;
  }
  memcpy(buffer->data + buffer->length, bytes, length);
  buffer->length += length;
  return 0;
}

static int read_request(struct buffer *request) {
  char chunk[65536];
  if (append(request, "\0\0\0\0", 4) < 0) return -1; /* place of the length */
  for (char **variable = environ; *variable != NULL; variable++)
    if (strncmp(*variable, "CNI_", 4) == 0 && append(request, *variable, strlen(*variable) + 1) < 0) return -1;
  if (append(request, "", 1) < 0) return -1;
  size_t config = request->length;
  for (;;) {
    ssize_t count = read(STDIN_FILENO, chunk, sizeof chunk);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    if (count == 0) break;
    if (append(request, chunk, (size_t)count) < 0) return -1;
  }
  memcpy(request->data, &(uint32_t){htonl((uint32_t)(request->length - 4))}, 4);
  if (append(request, "", 1) < 0) return -1; /* ends the text for strstr, and is not sent */
  const char *key = strstr(request->data + config, "\"cniVersion\"");
  if (key != NULL) sscanf(key + strlen("\"cniVersion\""), " : \"%15[0-9.]", version);
  request->length--;
  return 0;
}

static int write_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t count = write(fd, bytes, length);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return -1;
    bytes += count;
    length -= (size_t)count;
  }
  return 0;
}

static int read_all(int fd, char *bytes, size_t length) {
  while (length > 0) {
    ssize_t count = read(fd, bytes, length);
    if (count < 0 && errno == EINTR) continue;
    if (count == 0) errno = ECONNRESET;
    if (count <= 0) return -1;
    bytes += count;
    length -= (size_t)count;
  }
  return 0;
}

static int connect_agent(void) {
  const char *path = getenv("SEAM_CNI_SOCKET");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct timeval limit = {.tv_sec = ANSWER_SECONDS};
  if (path == NULL || *path == '\0') path = "/run/seam/cni.sock";
  if (strlen(path) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  for (int tries = 0; connect(fd, (struct sockaddr *)&address, sizeof address) < 0; tries++) {
    if ((errno != ENOENT && errno != ECONNREFUSED) || tries == CONNECT_TRIES) return -1;
    usleep(100 * 1000);
  }
  return fd;
}

int main(void) {
  struct buffer request = {0};
  uint32_t header[2];
  if (read_request(&request) < 0) return fail(5, "read of standard input");
  int fd = connect_agent();
  if (fd < 0) return fail(11, "connect");
  /* A broken pipe must become an answer, not a signal. */
  while (request.length > 0) {
    ssize_t count = send(fd, request.data, request.length, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(11, "send");
    request.data += count;
    request.length -= (size_t)count;
  }
  if (read_all(fd, (char *)header, sizeof header) < 0) return fail(11, "receive");
  size_t length = ntohl(header[1]);
  if (length > MAX_BODY) {
    errno = EMSGSIZE;
    return fail(11, "receive");
  }
  char *answer = malloc(length + 1);
  if (answer == NULL || read_all(fd, answer, length) < 0) return fail(11, "receive");
  if (write_all(STDOUT_FILENO, answer, length) < 0) return 1;
  return (int)(ntohl(header[0]) & 0xff);
}
