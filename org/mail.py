"""A notice as a mail: plain text, with the address of the page and how to hear less."""

from smtplib import SMTPException, SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMessage

from org.models import Dispatch, User
from org.outbound import Sent

FOR_GOOD = 500  # answers from here on will not change; those below are of the moment


def send_mail(dispatch: Dispatch) -> Sent:
    """Hand a notice to the mail server; whatever it says, the answer is a value."""
    reader = dispatch.recipient
    if reader is None or not reader.email or not reader.is_active:
        return Sent(is_taken=False, is_final=True, answer="There is nobody to read it any more.")
    try:
        _message(dispatch, reader).send()
    except SMTPRecipientsRefused as refused:
        code, _ = next(iter(refused.recipients.values()))
        answer = f"The mail server refuses {reader.email}: {code}."
        return Sent(is_taken=False, is_final=code >= FOR_GOOD, answer=answer)
    except (SMTPException, OSError, ValueError) as error:
        answer = f"The mail server could not take it: {type(error).__name__}."
        return Sent(is_taken=False, is_final=False, answer=answer)
    return Sent(is_taken=True, is_final=True, answer="Handed to the mail server.")


def _message(dispatch: Dispatch, reader: User) -> EmailMessage:
    notice, base = dispatch.notice, settings.TOKENOPS_BASE_URL
    lines = [
        notice.title,
        *([notice.text] if notice.text else []),
        f"{base}{notice.url}",
        f"What you hear of is chosen at {base}/settings/notifications/",
    ]
    _, _, domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")
    # The same for every attempt, so that a mailbox shows once what was sent twice.
    number = f"<notice-{notice.pk}-{dispatch.pk}@{domain.rstrip('>')}>"
    return EmailMessage(
        subject=notice.title,
        body="\n\n".join(lines),
        to=[reader.email],
        headers={"Message-ID": number, "Auto-Submitted": "auto-generated"},
    )
