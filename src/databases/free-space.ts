/** A script for a container: prints the free kilobytes of the disk on which the directory $1 lies; nothing where it cannot say. */
export const FREE = `df -Pk -- "$1" | while read -r a b c free rest; do echo "$free"; done | tail -n 1`;
