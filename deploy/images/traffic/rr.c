/* Round trips over TCP, one byte each way at a time.
     rr serve PORT                    echoes to every caller, both families
     rr ask HOST PORT --seconds N     prints one JSON line: seconds, transactions, and microseconds p50, p99, min, max
     rr ask HOST PORT --seconds N --rate R
                                      R transactions a second, those that are late one after the other
     rr connect HOST PORT --seconds N the same as ask with a connection of its own for each round trip, ended by a reset,
                                      so that no port is left waiting
   An interrupt (SIGINT) ends ask early; its line is then about the time until it, which is in it as seconds.
   Times are counted in a histogram of 1/64 steps within each power of two, so percentiles err by 1.6 % at most. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Linux 6.15; older kernels refuse it, and wait twice as long each time. */
#ifndef TCP_RTO_MAX_MS
#define TCP_RTO_MAX_MS 44
#endif

#define STEPS 64
#define BUCKETS (64 * STEPS)
#define CONNECT_MS 3000
#define SILENCE_S 10

static uint64_t histogram[BUCKETS];
static volatile sig_atomic_t interrupted;

static uint64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int bucket_of(uint64_t value) {
  if (value < STEPS) return (int)value;
  int shift = 63 - __builtin_clzll(value) - 6; /* keeps seven leading bits */
  return (shift + 1) * STEPS + (int)((value >> shift) - STEPS);
}

static uint64_t value_of(int bucket) {
  if (bucket < STEPS) return (uint64_t)bucket;
  return (uint64_t)(bucket % STEPS + STEPS) << (bucket / STEPS - 1);
}

/* The lower end of a bucket, but never less than the least time. */
static double percentile(uint64_t count, double share, uint64_t least) {
  uint64_t rank = (uint64_t)(share * (double)count), seen = 0;
  for (int bucket = 0; bucket < BUCKETS; bucket++) {
    seen += histogram[bucket];
    if (seen > rank) return (double)(value_of(bucket) > least ? value_of(bucket) : least) / 1000;
  }
  return 0;
}

static int fail(const char *what) {
  fprintf(stderr, "rr: %s: %s\n", what, strerror(errno));
  return 1;
}

/* Nothing waits to be sent with more, and what was lost is sent again within a second, however long the way was cut. */
static void prompt(int fd) {
  int on = 1, most_ms = 1000;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_RTO_MAX_MS, &most_ms, sizeof most_ms);
}

static int serve(int port) {
  struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
  struct epoll_event event = {.events = EPOLLIN}, events[64];
  int off = 0, on = 1, listener = socket(AF_INET6, SOCK_STREAM, 0), queue = epoll_create1(0);
  char bytes[4096];
  setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) return fail("bind");
  if (listen(listener, 128) < 0) return fail("listen");
  event.data.fd = listener;
  if (epoll_ctl(queue, EPOLL_CTL_ADD, listener, &event) < 0) return fail("epoll");
  for (;;) {
    int ready = epoll_wait(queue, events, 64, -1);
    for (int index = 0; index < ready; index++) {
      int fd = events[index].data.fd;
      if (fd == listener) {
        event.data.fd = accept(listener, NULL, NULL);
        if (event.data.fd < 0) continue;
        prompt(event.data.fd);
        if (epoll_ctl(queue, EPOLL_CTL_ADD, event.data.fd, &event) < 0) close(event.data.fd);
        continue;
      }
      ssize_t count = read(fd, bytes, sizeof bytes);
      if (count <= 0 || send(fd, bytes, (size_t)count, MSG_NOSIGNAL) != count) close(fd);
    }
  }
}

/* Connects to one address within three seconds; -1 with errno otherwise. */
static int connect_to(const struct addrinfo *at) {
  int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0), error = 0;
  socklen_t length = sizeof error;
  struct pollfd waiting = {.fd = fd, .events = POLLOUT};
  if (fd < 0) return -1;
  if (connect(fd, at->ai_addr, at->ai_addrlen) < 0 && errno != EINPROGRESS) error = errno;
  else if (poll(&waiting, 1, CONNECT_MS) < 1) error = ETIMEDOUT;
  else getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error == 0) return fd;
  close(fd);
  errno = error;
  return -1;
}

/* One byte there and back; -1 with errno when the connection fails or is silent. */
static int round_trip(int fd) {
  struct pollfd readable = {.fd = fd, .events = POLLIN};
  char byte = 'r';
  if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1) return -1;
  int ready = 0;
  do ready = poll(&readable, 1, SILENCE_S * 1000);
  while (ready < 0 && errno == EINTR);
  if (ready == 0) errno = ETIMEDOUT;
  if (ready < 1) return -1;
  ssize_t received = recv(fd, &byte, 1, 0);
  if (received == 0) errno = ECONNRESET;
  return received == 1 ? 0 : -1;
}

static int open_any(const struct addrinfo *found) {
  int fd = -1;
  for (const struct addrinfo *at = found; at != NULL && fd < 0; at = at->ai_next) fd = connect_to(at);
  if (fd >= 0) prompt(fd);
  return fd;
}

static void reset(int fd) {
  struct linger now = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(fd);
}

/* Sleeps until a moment of the monotonic clock, if it is not over. */
static void wait_until(uint64_t moment) {
  struct timespec at = {.tv_sec = (time_t)(moment / 1000000000u), .tv_nsec = (long)(moment % 1000000000u)};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

/* A rate of 0: one after the other, as fast as it goes. */
static int ask(const char *host, const char *port, double seconds, double rate, int each_anew) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
  int status = getaddrinfo(host, port, &hints, &found);
  if (status != 0) {
    fprintf(stderr, "rr: %s: %s\n", host, gai_strerror(status));
    return 1;
  }
  int fd = open_any(found);
  if (fd < 0) return fail("connect");
  uint64_t count = 0, least = UINT64_MAX, most = 0, start = nanoseconds(), before = start;
  while (!interrupted && (double)(before - start) < seconds * 1e9) {
    if (rate > 0) {
      wait_until(start + (uint64_t)((double)count * 1e9 / rate));
      before = nanoseconds();
    }
    if (each_anew) {
      reset(fd);
      if ((fd = open_any(found)) < 0) return fail("connect");
    }
    if (round_trip(fd) < 0) return fail("round trip");
    uint64_t now = nanoseconds(), took = now - before;
    histogram[bucket_of(took)]++;
    if (took < least) least = took;
    if (took > most) most = took;
    before = now;
    count++;
  }
  printf("{\"seconds\":%.3f,\"transactions\":%llu,\"p50_us\":%.1f,\"p99_us\":%.1f,\"min_us\":%.1f,\"max_us\":%.1f}\n",
         (double)(before - start) / 1e9, (unsigned long long)count, percentile(count, 0.5, least), percentile(count, 0.99, least),
         (double)least / 1000, (double)most / 1000);
  return 0;
}

static void stop(int signal) {
  (void)signal;
  _exit(0);
}

static void interrupt(int signal) {
  (void)signal;
  interrupted = 1;
}

int main(int count, char **words) {
  signal(SIGTERM, stop);
  signal(SIGINT, stop);
  if (count == 3 && strcmp(words[1], "serve") == 0) return serve(atoi(words[2]));
  int each_anew = count == 6 && strcmp(words[1], "connect") == 0;
  int at_rate = count == 8 && strcmp(words[1], "ask") == 0 && strcmp(words[6], "--rate") == 0 && atof(words[7]) > 0;
  int asks = at_rate || each_anew || (count == 6 && strcmp(words[1], "ask") == 0);
  if (asks && strcmp(words[4], "--seconds") == 0 && atof(words[5]) > 0) {
    if (!each_anew) signal(SIGINT, interrupt);
    return ask(words[2], words[3], atof(words[5]), at_rate ? atof(words[7]) : 0, each_anew);
  }
  fputs("usage: rr serve PORT | rr ask HOST PORT --seconds N [--rate R] | rr connect HOST PORT --seconds N\n", stderr);
  return 2;
}
