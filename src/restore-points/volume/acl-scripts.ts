/** tar's flags for an archive that keeps everything but ACLs, which have one of their own. */
export const KEEPING = "--format=posix --pax-option=delete=atime,delete=ctime --xattrs '--xattrs-include=*'";

/** tar's flags to extract all that such an archive keeps. */
export const EXACTLY =
  "--xattrs '--xattrs-include=*' --numeric-owner --same-owner --same-permissions --delay-directory-restore";

/**
 * For the kernel an ACL is an attribute, and tar archives it as both. Where it is to set ACLs it sets one for every entry,
 * though hardly any has one: a third of the time that an extraction takes. Attributes alone do the same where
 *
 * - all ACLs of a file system are listed with the attributes, `lists_acls DIRECTORY`: so it is in those that were tried;
 *   others may keep theirs apart;
 * - tar archives them so, and puts them back, `acls_are_attributes`: what it makes of a few entries says so;
 * - no entry has one from the directory that it is made in, `inherits_none DIRECTORY`: it is empty, and gives none away.
 *   Those of directories in the archive are set when everything is in them.
 */
export const PROVE_ACLS = `
lists_acls() {
  case $(stat -f -c %T -- "$1") in
    ext2/ext3 | xfs | btrfs | tmpfs | overlayfs) ;;
    *) return 1 ;;
  esac
}
inherits_none() { [ -z "$(ls -A -- "$1")$(getfacl -d -c -n -p -- "$1" || echo unknown)" ]; }
acls_are_attributes() (
  proof=/tmp/proof.$$
  all='. file directory directory/without directory/inherited'
  # In a condition \`set -e\` ends nothing.
  mkdir "$proof" "$proof/from" "$proof/to" &&
    cd "$proof/from" &&
    : >file &&
    setfacl -m user:11:rwx,group:12:r,mask::r file &&
    mkdir directory &&
    : >directory/without &&
    setfacl -m user:13:r,default:user:14:rwx directory &&
    : >directory/inherited &&
    before=$(getfacl -n $all) &&
    tar --create ${KEEPING} --acls --file=../tar . &&
    tar --extract ${EXACTLY} --directory=../to --file=../tar &&
    cd ../to &&
    after=$(getfacl -n $all) &&
    [ "$before" = "$after" ] || exit 1
  case $before in *user:11:rwx*default:user:14:rwx*user:14:rwx*) ;; *) exit 1 ;; esac
  rm -rf "$proof"
)
`;
