/* A pod that answers and asks: `probe serve PORT` says its hostname to every TCP caller (both families);
   `probe ask ADDRESS PORT` prints what the other side says and fails if there is no answer within 3 s. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
static void down(int s) { (void)s; _exit(0); }
static int serve(int port) {
  struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  int off = 0, on = 1, s = socket(AF_INET6, SOCK_STREAM, 0);
  char name[256] = "";
  setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(s, (struct sockaddr *)&at, sizeof at) || listen(s, 64)) { perror("listen"); return 1; }
  gethostname(name, sizeof name - 2); strcat(name, "\n");
  for (;;) { int c = accept(s, 0, 0); if (c < 0) continue; if (write(c, name, strlen(name)) < 0) perror("write"); close(c); }
}
static int ask(const char *to, int port) {
  struct sockaddr_in six4 = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct sockaddr_in6 six6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  int v6 = strchr(to, ':') != 0, s = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0), n;
  char buffer[256];
  struct timeval limit = {.tv_sec = 3};
  if (inet_pton(v6 ? AF_INET6 : AF_INET, to, v6 ? (void *)&six6.sin6_addr : (void *)&six4.sin_addr) != 1) return 2;
  setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (connect(s, v6 ? (void *)&six6 : (void *)&six4, v6 ? sizeof six6 : sizeof six4)) { perror("connect"); return 1; }
  if ((n = read(s, buffer, sizeof buffer)) <= 0) { perror("read"); return 1; }
  return fwrite(buffer, 1, n, stdout) == (size_t)n ? 0 : 1;
}
int main(int c, char **v) {
  signal(SIGTERM, down); signal(SIGINT, down);
  if (c == 3 && !strcmp(v[1], "serve")) return serve(atoi(v[2]));
  if (c == 4 && !strcmp(v[1], "ask")) return ask(v[2], atoi(v[3]));
  return 2;
}
