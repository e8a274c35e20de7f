import { defineWords } from '../../words';

export const words = defineWords({
  title: { en: 'Log in', de: 'Anmelden' },
  lead: { en: 'Knows who comes in, what they like, and what is on the shelf today.', de: 'Weiß, wer hereinkommt, was gefällt und was heute im Regal liegt.' },
  password: { en: 'Password', de: 'Passwort' },
  user: { en: 'E-mail', de: 'E-Mail' },
  userText: { en: 'Leave it empty if you are the only one here.', de: 'Leer lassen, wenn nur Sie hier arbeiten.' },
  code: { en: 'Code', de: 'Code' },
  codeText: { en: 'Six digits from your authenticator app, or one of your recovery codes.', de: 'Sechs Ziffern aus Ihrer Authenticator-App oder einer Ihrer Wiederherstellungscodes.' },
  wrongCode: { en: 'This code is wrong, has passed, or was used already.', de: 'Dieser Code ist falsch, abgelaufen oder schon benutzt.' },
  invited: { en: 'You were invited. Choose a password of at least 10 characters; with it and your e-mail you come back.', de: 'Sie wurden eingeladen. Wählen Sie ein Passwort mit mindestens 10 Zeichen; damit und mit Ihrer E-Mail kommen Sie wieder herein.' },
  newPassword: { en: 'New password', de: 'Neues Passwort' },
  accept: { en: 'Set password and enter', de: 'Passwort setzen und eintreten' },
  invitationSpent: { en: 'This invitation has been used already, or it is older than seven days. Ask for a new one.', de: 'Diese Einladung ist schon benutzt oder älter als sieben Tage. Bitten Sie um eine neue.' },
  enter: { en: 'Log in', de: 'Anmelden' },
  wrong: { en: 'This is not the password, or none is set yet.', de: 'Das ist nicht das Passwort, oder es ist noch keines gesetzt.' },
  tooMany: { en: 'Too many tries. Wait a minute, then try again.', de: 'Zu viele Versuche. Warten Sie eine Minute und versuchen Sie es dann noch einmal.' },
  away: { en: 'The server does not answer. Is it running?', de: 'Der Server antwortet nicht. Läuft er?' },
  spent: {
    en: 'This link has been used already, or it is older than 15 minutes. Each link opens the door once.',
    de: 'Dieser Link ist schon benutzt oder älter als 15 Minuten. Jeder Link öffnet die Tür einmal.',
  },
  linkTitle: { en: 'The first time: by the link', de: 'Beim ersten Mal: mit dem Link' },
  linkText: {
    en: 'When the server starts it prints a line that begins with “login:”. Open that link within 15 minutes; it works once. Then set a password under Settings, so that you can come back without it.',
    de: 'Beim Start gibt der Server eine Zeile aus, die mit „login:“ beginnt. Öffnen Sie diesen Link innerhalb von 15 Minuten; er gilt einmal. Setzen Sie danach unter Einstellungen ein Passwort, damit Sie ohne ihn wiederkommen können.',
  },
  lost: {
    en: 'Link spent and no password yet? Start the server again: it prints a new one.',
    de: 'Link verbraucht und noch kein Passwort? Starten Sie den Server neu: Er gibt einen neuen aus.',
  },
});
