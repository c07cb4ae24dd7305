/** A time of day that tests move while programs run: a library, loaded before libc, that adds what a file says. Monotonic clocks stay. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const LIBRARY = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
static long long shift(void) {
  static volatile long long *seconds;
  if (!seconds) {
    int file = open(getenv("SEAM_CLOCK_FILE"), O_RDONLY);
    seconds = mmap(0, sizeof *seconds, PROT_READ, MAP_SHARED, file, 0);
  }
  return *seconds;
}
int clock_gettime(clockid_t id, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(id, now);
  if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) now->tv_sec += shift();
  return result;
}
int gettimeofday(struct timeval *now, void *zone) {
  struct timespec got;
  clock_gettime(CLOCK_REALTIME, &got);
  now->tv_sec = got.tv_sec;
  now->tv_usec = got.tv_nsec / 1000;
  (void)zone;
  return 0;
}
time_t time(time_t *now) {
  struct timespec got;
  clock_gettime(CLOCK_REALTIME, &got);
  if (now) *now = got.tv_sec;
  return got.tv_sec;
}`;

/** A clock. */
export type MovedClock = {
  /** What a program must be started with to have it. */
  readonly env: NodeJS.ProcessEnv;
  /** Moves it to so many seconds from the true time. */
  readonly set: (seconds: number) => void;
};

/** Builds the library in `folder`; the clock is right at first. */
export function buildMovedClock(folder: string): MovedClock {
  const [library, file] = [join(folder, "clock.so"), join(folder, "clock")];
  execFileSync("gcc", ["-shared", "-fPIC", "-o", library, "-x", "c", "-", "-ldl"], {
    input: LIBRARY,
  });
  const set = (seconds: number): void => {
    const text = Buffer.alloc(8);
    text.writeBigInt64LE(BigInt(seconds));
    // In place, as programs have the file in their memory.
    writeFileSync(file, text, { flag: "r+" });
  };
  writeFileSync(file, Buffer.alloc(8));
  return { env: { LD_PRELOAD: library, SEAM_CLOCK_FILE: file }, set };
}
