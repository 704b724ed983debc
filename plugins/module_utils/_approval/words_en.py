# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What approvals say in English."""

from __future__ import annotations

WORDS = {
    "between": "; ",
    # -- shapes of what people write
    "no_duration": "{path} is {seen!r}; write it as 30m, 2h or 1d",
    "no_moment": "{path} is {seen!r}; write it as 2026-11-22 or 2026-11-22T14:30:00+08:00",
    "plan_garbled": "the plan of a request lacks {field}; have the procedure print its plan again, which writes it "
    "anew",
    "plan_unnamed": "a plan needs the name of its procedure (small letters, digits, _) and of its target; it has "
    "{procedure!r} and {target!r}",
    "plan_variable": "{variable} of {host} decides over the run and cannot be read: {why}; correct it in the inventory",
    "plan_host": "{host} is not in the inventory; correct the hosts of the plan",
    "statement_garbled": "{path} is not an approval; have the approver give it again",
    "statement_lacks": "{path} is an approval without a usable {field}; have the approver give it again",
    "reference_garbled": "request={reference} is not the name of a request; take the digits that the plan shows, "
    "request=0123456789ab",
    "reference_none": "{count} requests in {directory} begin with {reference}; have the procedure print its plan, or "
    "copy "
    "its request to this machine",
    "not_written": "{path} cannot be written: {why}; free space, see who owns it, or set contingency_approval_dir",
    "not_read": "{path} cannot be read: {why}; see who owns it, and run this as that user",
    # -- ssh-keygen
    "no_ssh_keygen": "ssh-keygen is not on this machine; install OpenSSH's client programs",
    "sign_late": "{key} did not sign within {seconds} s; touch the hardware key, or unlock the agent, and run it again",
    "not_signed": "{key} did not sign: {why}. A key with a passphrase has to be in an agent first: ssh-add KEY, then "
    "sign_with=KEY.pub",
    "bad_signature": "the signature is not that of {principal} by {signers} ({why})",
    "unsigned": "{path} carries no signature that was proven",
    "signers_unset": "contingency_allowed_signers is not set, so no signature can be proven; set it to a file with a "
    "line "
    "for each approver",
    "signers_missing": "{path} cannot be used as the list of approvers: {why}; set contingency_allowed_signers",
    "signers_writable": "{path} says who may approve and can be written by others (mode {mode}); chmod go-w {path}",
    "signers_foreign": "{path} says who may approve and belongs to user {uid}; it has to be root's or of who runs this",
    "signers_too_few": "{path} names {count} persons with keys of their own and {required} approvals are needed; add "
    "the "
    "others",
    "signers_pattern": "{path} lets the key of line {line} sign for {pattern}, so its owner could approve in the "
    "name of others; write the name of the one person",
    "approvals_number": "contingency_approvals is {seen!r}; write 0, 1 or 2",
    # -- why an approval does not count
    "other_plan": "is for another plan ({plan})",
    "other_plan_differs": "is for another plan: {differs}",
    "not_yet": "is not valid before {begin}, and it is {now}",
    "expired": "was valid until {until}, and it is {now}",
    "valid_too_long": "is valid until {until}, and an approval may hold for {days} days; for longer take a standing "
    "one",
    "other_incident": "was given for the incident {incident} and the run names {seen}; run it with "
    "-e contingency_incident={incident}",
    "own_approval": "is by the one who runs this; where two approvals are needed both have to be by others",
    "person_unknown": "cannot be counted: nobody knows who sits at this terminal, only root is known; say who you are "
    "with -e contingency_person=NAME",
    "not_distinct": "is by the same person or with the same key as another one ({path})",
    "of": "that of {who} {why}",
    "garbled": "{why}",
    # -- standing approvals
    "standing_shape": "{path} has to be a {want}; correct it",
    "standing_lacks": "{path} is missing; a standing approval says procedure, targets, until and by",
    "standing_unknown": "{path} is not known; it can be {known}",
    "standing_span": "{path} has {seen!r}; write it as 22:00-06:00",
    "standing_none": "no standing approval is for {procedure}",
    "standing_target": "the standing approval is for {targets} and not for {target}",
    "standing_not_yet": "the standing approval begins at {begin}, and it is {now}",
    "standing_expired": "the standing approval ended at {until}, and it is {now}",
    "standing_attended": "the standing approval is for unattended runs, and somebody sits at a terminal",
    "standing_weekday": "the standing approval is for {days}, and it is {day}",
    "standing_hours": "the standing approval is for {hours}, and it is {now}",
    "standing_hosts": "the standing approval is for at most {limit} hosts, and the plan has {count}",
    "standing_uses": "the standing approval is for {limit} runs in 24 hours, and there were {count}",
    # -- lines on the screen
    "request_title": "Approval: {procedure} of {target}, plan {plan}",
    "request_new": "The request is in {directory}",
    "request_old": "The request is there already, in {directory}",
    "request_needs": "Approvals needed: {required}. Each approver runs:",
    "request_needs_two": "Approvals needed: {required}, by different persons with keys of their own, and not by the "
    "one "
    "who runs the procedure. Each approver runs:",
    "request_then": "Then run the procedure as planned, with the same arguments. An approval is bound to this plan: "
    "change anything, and it is another plan.",
    "request_check": "In check mode no request is written",
    "granted_signed": "Approved: {procedure} of {target} by {who}",
    "granted_one": "{approver} (until {until})",
    "granted_own": "{approver}, WHO ALSO RUNS IT (until {until})",
    "granted_standing": "Approved: {procedure} of {target} by the standing approval of {by}, until {until}",
    "unavoidable": "NOT APPROVED, AND IT GOES ON: {procedure} of {target}: {reasons}. Not to act would do more "
    "harm. Give a standing approval in contingency_standing_approvals",
    "unavoidable_broken": "NOT APPROVED, AND IT GOES ON: the approval could not be looked at ({why})",
    "refused": "{procedure} of {target} is not approved: {count} of {required} approvals count; {reasons}. Nothing was "
    "changed. Each approver runs: {command}",
    "one_more": "{approver} has approved, and a second person has to",
    "no_approval": "nobody has approved this plan",
    "listed_none": "No request waits in {directory}",
    "listed": "{plan}  {procedure} of {target}, asked at {at} by {by}, needs {required}, approved by: {who}",
    "listed_nobody": "nobody",
    "shown_arguments": "Arguments: {arguments}",
    "shown_incident": "Incident: {incident}",
    "given": "Approved by {approver} with the key {key}: {procedure} of {target}, plan {plan}, valid {begin} to "
    "{until}",
    "given_already": "{approver} has approved this plan already, until {until}",
    "would_give": "{approver} would approve: {procedure} of {target}, plan {plan}, valid {begin} to {until}",
    "given_of": "{count} of {required} approvals are there",
    "given_unlisted": "{approver} has signed, and {signers} does not take it: {why}. Add the line: {line}",
    "given_lacks": "nothing was signed: {names} is missing; type the command again with it",
    "typed_stray": "nothing was done: '{words}' on the command line belongs to no name, so something was said in part "
    "only; quote twice what has spaces, -e 'reason=\"the whole of it\"'",
    "typed_misspelt": "nothing was done: {name} is no name that {playbook} knows; type it again with -e {near}=",
    "given_other_key": "nothing was approved: {signers} knows {approver} by another key than this one ({why}); sign "
    "with your own key, under your own name",
    "span_wrong": "the approval would be valid from {begin} to {until}; it has to end after it begins and after now, "
    "and "
    "within {days} days",
    "approver_garbled": "approver={approver} cannot be a person in allowed_signers: a name without spaces, commas or "
    "patterns",
    "incident_not_told": "The approval is not in the incident {incident}: {why}",
    "incident_garbled": "contingency_incident={incident} is not the name of an incident, INC-20261122-1; correct it",
    # -- sealed credentials
    "sealed_unknown": "{name} is no sealed credential; there are: {known}",
    "sealed_lacks": "contingency_sealed.{name} lacks file, the path of a file made with ansible-vault",
    "sealed_missing": "{path} cannot be read: {why}; put the sealed file there",
    "sealed_open": "{path} is not encrypted; seal it: ansible-vault encrypt {path}",
    "sealed_password": "{path} cannot be decrypted ({why}); give the password of this seal: --vault-id seal@prompt",
    "sealed_empty": "{path} is empty",
    "reason_lacks": "say why the seal is broken: -e 'reason=\"at least a few words\"'",
    "where_lacks": "say where the credential goes: -e sealed_file=/dev/shm/NAME, or -e sealed_show=true at a terminal",
    "where_taken": "{path} exists; name a file that does not",
    "where_missing": "{path} cannot be made: {why}; name a file in a directory that there is, such as /dev/shm",
    "where_disk": "{path} is on a disk ({kind}), where deleted data can be read again; /dev/shm is memory",
    "no_terminal": "there is no terminal to show it on; name a file instead: -e sealed_file=/dev/shm/NAME",
    "recorded_terminal": "what this terminal shows is recorded ({program}); name a file instead: "
    "-e sealed_file=/dev/shm/NAME",
    "opened": "{name} was unsealed for: {reason}. It has to be rotated and sealed anew: change the password where it "
    "is "
    "used, encrypt the new one into {path}, then run break_glass with -e sealed={name} -e rotated=true",
    "opened_file": "It is in {path}, readable by you only. Delete it after use: the rotation does so too",
    "opened_shown": "It was shown on {terminal}, once. Clear the screen and its memory: clear, then reset",
    "would_open": "{name} would be unsealed for: {reason}",
    "shown_above": "=== {name}: shown once, recorded nowhere ===",
    "shown_below": "=== end of {name} ===",
    "rotate_not_open": "{name} is not waiting to be rotated; nothing was opened since the last rotation",
    "rotate_same_file": "{path} is the file that was opened, byte for byte; encrypt the new credential into it",
    "rotate_same_content": "{path} was encrypted anew and holds the credential that was opened; change the password "
    "itself, then seal the new one",
    "rotate_no_old": "the check needs the old credential, in {path}, to see that it no longer works; put it there once "
    "more and add -e sealed_file={path}, or leave out the check in contingency_sealed",
    "rotate_wrong_old": "{path} does not hold the credential that was opened, so nobody can tell whether that one "
    "still "
    "works",
    "rotate_new_fails": "the new credential of {name} does not work: {program} ended with {status}; correct it or the "
    "check",
    "rotate_old_works": "THE OLD CREDENTIAL OF {name} STILL WORKS: {program} accepted it; change it where it is used",
    "rotate_unknown": "whether the old credential of {name} still works is not known: {program} ended with {status}",
    "rotated": "{name} is rotated: sealed anew at {at}, with another content",
    "rotated_proven": "the new one works and the old one is refused",
    "rotated_unproven": "not proven: that the old one no longer works (no check is set)",
    "rotated_already": "{name} was rotated at {at}",
    "rotated_kept": "{path} still holds the old credential and could not be deleted: {why}; delete it",
    "would_rotate": "{name} would be noted as rotated",
    "open_since": "{name}: opened {at} by {by} for: {reason}; NOT ROTATED YET",
    "open_none": "No sealed credential waits to be rotated",
    "record_damaged": "{path} was altered at line {line}: it {why}",
}
