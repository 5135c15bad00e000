# ruff: noqa: RUF001 - other languages have other apostrophes
"""What Apple's profiles say to people, in eight languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_LANGUAGE: Final = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileTexts:
    """The texts of one language; some have places for ``{address}``, ``{provider}`` and ``{services}``."""

    mail: str
    calendars: str
    contacts: str
    directory: str
    exchange: str = "Exchange"
    summary: str
    consent: str
    """What is agreed to before a profile is installed."""
    refusal_oauth2: str
    """Why there is no profile where people sign in on a web page."""
    refusal: str
    """Why there is no profile, in all other cases."""


TEXTS: Final[dict[str, ProfileTexts]] = {
    "en": ProfileTexts(
        mail="Mail",
        calendars="Calendars",
        contacts="Contacts",
        directory="Directory",
        summary="Sets up the following for {address} at {provider}: {services}. Contains no password.",
        consent="This profile sets up the following for {address} at {provider}: {services}. It contains "
        "no password; you will be asked for it. If you remove the profile, these accounts and their mail "
        "are removed from this device, but not from the server.",
        refusal_oauth2="There is no profile for this address: its mail servers let people sign in on a web "
        "page only (OAuth 2), and Apple's profiles cannot say so. Ask {provider} how to set up an Apple "
        "device.",
        refusal="There is no profile for this address: Apple's profiles cannot express its mail settings. "
        "Ask {provider} how to set up an Apple device.",
    ),
    "de": ProfileTexts(
        mail="E-Mail",
        calendars="Kalender",
        contacts="Kontakte",
        directory="Verzeichnis",
        summary="Richtet für {address} bei {provider} Folgendes ein: {services}. Enthält kein Passwort.",
        consent="Dieses Profil richtet für {address} bei {provider} Folgendes ein: {services}. Es enthält "
        "kein Passwort; Sie werden danach gefragt. Wenn Sie das Profil entfernen, werden diese Accounts "
        "und ihre E-Mails von diesem Gerät entfernt, nicht aber vom Server.",
        refusal_oauth2="Für diese Adresse gibt es kein Profil: Ihre Mailserver lassen eine Anmeldung nur "
        "auf einer Webseite zu (OAuth 2), und das können Apples Profile nicht ausdrücken. Fragen Sie "
        "{provider}, wie ein Apple-Gerät eingerichtet wird.",
        refusal="Für diese Adresse gibt es kein Profil: Apples Profile können ihre Mail-Einstellungen "
        "nicht ausdrücken. Fragen Sie {provider}, wie ein Apple-Gerät eingerichtet wird.",
    ),
    "fr": ProfileTexts(
        mail="E-mail",
        calendars="Calendriers",
        contacts="Contacts",
        directory="Annuaire",
        summary="Configure pour {address}, chez {provider}, les services suivants : {services}. Ne "
        "contient aucun mot de passe.",
        consent="Ce profil configure pour {address}, chez {provider}, les services suivants : {services}. "
        "Il ne contient aucun mot de passe ; celui-ci vous sera demandé. Si vous supprimez le profil, ces "
        "comptes et leurs messages seront supprimés de cet appareil, mais pas du serveur.",
        refusal_oauth2="Il n’y a pas de profil pour cette adresse : ses serveurs de messagerie n’acceptent "
        "qu’une connexion sur une page web (OAuth 2), ce que les profils d’Apple ne peuvent pas exprimer. "
        "Demandez à {provider} comment configurer un appareil Apple.",
        refusal="Il n’y a pas de profil pour cette adresse : les profils d’Apple ne peuvent pas exprimer "
        "ses réglages de messagerie. Demandez à {provider} comment configurer un appareil Apple.",
    ),
    "es": ProfileTexts(
        mail="Correo",
        calendars="Calendarios",
        contacts="Contactos",
        directory="Directorio",
        summary="Configura lo siguiente para {address} en {provider}: {services}. No contiene ninguna "
        "contraseña.",
        consent="Este perfil configura lo siguiente para {address} en {provider}: {services}. No contiene "
        "ninguna contraseña; se le pedirá. Si elimina el perfil, estas cuentas y sus mensajes se "
        "eliminarán de este dispositivo, pero no del servidor.",
        refusal_oauth2="No hay ningún perfil para esta dirección: sus servidores de correo solo permiten "
        "iniciar sesión en una página web (OAuth 2), y los perfiles de Apple no pueden expresarlo. "
        "Pregunte a {provider} cómo se configura un dispositivo Apple.",
        refusal="No hay ningún perfil para esta dirección: los perfiles de Apple no pueden expresar sus "
        "ajustes de correo. Pregunte a {provider} cómo se configura un dispositivo Apple.",
    ),
    "it": ProfileTexts(
        mail="E-mail",
        calendars="Calendari",
        contacts="Contatti",
        directory="Rubrica aziendale",
        summary="Configura quanto segue per {address} presso {provider}: {services}. Non contiene alcuna "
        "password.",
        consent="Questo profilo configura quanto segue per {address} presso {provider}: {services}. Non "
        "contiene alcuna password, che ti verrà chiesta. Se rimuovi il profilo, questi account e i loro "
        "messaggi vengono rimossi da questo dispositivo, ma non dal server.",
        refusal_oauth2="Per questo indirizzo non c’è un profilo: i suoi server di posta consentono "
        "l’accesso solo su una pagina web (OAuth 2) e i profili di Apple non possono esprimerlo. Chiedi a "
        "{provider} come configurare un dispositivo Apple.",
        refusal="Per questo indirizzo non c’è un profilo: i profili di Apple non possono esprimere le sue "
        "impostazioni di posta. Chiedi a {provider} come configurare un dispositivo Apple.",
    ),
    "nl": ProfileTexts(
        mail="E-mail",
        calendars="Agenda’s",
        contacts="Contacten",
        directory="Adreslijst",
        summary="Stelt voor {address} bij {provider} het volgende in: {services}. Bevat geen wachtwoord.",
        consent="Dit profiel stelt voor {address} bij {provider} het volgende in: {services}. Het bevat "
        "geen wachtwoord; daar wordt om gevraagd. Als u het profiel verwijdert, worden deze accounts en "
        "hun berichten van dit apparaat verwijderd, maar niet van de server.",
        refusal_oauth2="Voor dit adres is er geen profiel: op de mailservers kan alleen via een webpagina "
        "worden ingelogd (OAuth 2) en dat kunnen de profielen van Apple niet uitdrukken. Vraag {provider} "
        "hoe een Apple-apparaat wordt ingesteld.",
        refusal="Voor dit adres is er geen profiel: de profielen van Apple kunnen de mailinstellingen niet "
        "uitdrukken. Vraag {provider} hoe een Apple-apparaat wordt ingesteld.",
    ),
    "pt": ProfileTexts(
        mail="E-mail",
        calendars="Calendários",
        contacts="Contactos",
        directory="Diretório",
        summary="Configura o seguinte para {address} em {provider}: {services}. Não contém nenhuma "
        "palavra-passe.",
        consent="Este perfil configura o seguinte para {address} em {provider}: {services}. Não contém "
        "nenhuma palavra-passe; esta ser-lhe-á pedida. Se remover o perfil, estas contas e as suas "
        "mensagens são removidas deste dispositivo, mas não do servidor.",
        refusal_oauth2="Não há perfil para este endereço: os seus servidores de correio só permitem "
        "iniciar sessão numa página web (OAuth 2), e os perfis da Apple não o conseguem exprimir. Pergunte "
        "a {provider} como se configura um dispositivo Apple.",
        refusal="Não há perfil para este endereço: os perfis da Apple não conseguem exprimir as suas "
        "definições de correio. Pergunte a {provider} como se configura um dispositivo Apple.",
    ),
    "pl": ProfileTexts(
        mail="Poczta",
        calendars="Kalendarze",
        contacts="Kontakty",
        directory="Katalog",
        summary="Konfiguruje dla {address} u dostawcy {provider}: {services}. Nie zawiera hasła.",
        consent="Ten profil konfiguruje dla {address} u dostawcy {provider}: {services}. Nie zawiera "
        "hasła; trzeba je będzie podać. Usunięcie profilu usuwa te konta i ich wiadomości z tego "
        "urządzenia, ale nie z serwera.",
        refusal_oauth2="Dla tego adresu nie ma profilu: jego serwery pocztowe pozwalają logować się tylko "
        "na stronie internetowej (OAuth 2), a profile firmy Apple nie mogą tego wyrazić. Zapytaj dostawcę "
        "{provider}, jak skonfigurować urządzenie Apple.",
        refusal="Dla tego adresu nie ma profilu: profile firmy Apple nie mogą wyrazić jego ustawień "
        "poczty. Zapytaj dostawcę {provider}, jak skonfigurować urządzenie Apple.",
    ),
}


def choose_language(preferred: Sequence[str]) -> str:
    """Return the first preferred language that there are texts in; regions do not matter."""
    tags = (tag.lower().partition("-")[0] for tag in preferred)
    return next((tag for tag in tags if tag in TEXTS), DEFAULT_LANGUAGE)
