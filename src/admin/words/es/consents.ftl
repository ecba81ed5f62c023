## Consents
consents = Consentimientos
consents-find = Buscar un paciente
consents-find-hint = La consulta queda registrada con su nombre.
consents-find-do = Mostrar este paciente
consents-lately = Registrados recientemente
consents-none-lately = Aún no hay consentimientos registrados. Se registran aquí, en la atención al paciente.
consents-stands = vigente
consents-ended = revocado
consents-done = Terminar con este paciente
consents-other-patient = Este formulario se abrió para otro paciente que el que se atiende ahora: no se registró nada. Busque de nuevo al paciente.
consents-unmet = La pasarela aún no conoce a este paciente. Compruebe el identificador. Lo que se registre aquí valdrá en cuanto lleguen imágenes.
consents-ids = Identificadores
consents-ids-many =
    { $count ->
        [one] conocido con { $count } identificador
       *[other] conocido con { $count } identificadores, fusionados en una persona
    }
consents-table = Consentimientos y oposiciones
consents-nothing = No hay nada registrado para este paciente. Sin consentimiento, las imágenes solo salen cuando las reglas lo permiten. Registre abajo lo que diga el paciente.
consents-number = N.º
consents-granted = consentido
consents-denied = rechazado
consents-to = A quién
consents-purposes = Para qué
consents-images = Qué imágenes
consents-valid = Validez
consents-giver = Declarado por
consents-anyone = cualquier otra institución
consents-every-purpose = cualquier finalidad
consents-all-images = todas las imágenes
consents-one-study = un estudio (huella { $digest })
consents-studies-from = estudios a partir del { $from }
consents-studies-until = estudios hasta el { $until }
consents-studies-between = estudios del { $from } al { $until }
consents-from = desde el { $from } hasta su revocación
consents-from-until = del { $from } al { $until }
consents-until = hasta el { $until }
consents-by-patient = el paciente
consents-by-guardian = un representante
consents-over = vencido
consents-not-yet = aún no

## What is done at the desk
consents-grant = Registrar un consentimiento
consents-grant-what = El paciente permite que se entreguen imágenes a otros. Lo que no se limita aquí no queda limitado.
consents-grant-do = Registrar el consentimiento
consents-deny = Registrar una oposición
consents-deny-what = El paciente no quiere que se entreguen imágenes a otros. Una oposición prevalece sobre todo consentimiento y detiene lo que está en curso.
consents-deny-do = Registrar la oposición
consents-print = Imprimir para el paciente
consents-report = Qué se envió sobre este paciente
consents-person = La persona
consents-back = Volver al paciente
consents-images-hint = Nada marcado ni rellenado: todas las imágenes.
consents-other-modalities = Otras modalidades
consents-other-modalities-hint = Códigos DICOM separados por espacios, como OPT ECG.
consents-study = Un estudio (Study Instance UID)
consents-study-hint = Solo si el paciente se refiere exactamente a uno.
consents-study-from = Estudios a partir de este día
consents-study-until = Estudios hasta este día
consents-first-day = Primer día
consents-first-day-hint = Vacío: desde ahora.
consents-last-day = Último día
consents-last-day-hint = Vacío: hasta su revocación.
consents-wrong-to = Elija de quién se trata: una institución, o cualquier otra.
consents-wrong-purposes = Elija al menos una finalidad.
consents-wrong-modality = Una modalidad es un código de hasta 16 mayúsculas, cifras y guiones bajos, como CT.
consents-wrong-study = Esto no es un Study Instance UID: solo tiene cifras y puntos.
consents-revoke = Revocar
consents-revoke-this = Revocar el n.º { $number }
consents-revoke-grant = Este consentimiento deja de valer desde ahora, y se detiene lo que esté en curso por él. Las instituciones nombradas deben borrar lo recibido o dejar de usarlo. Una revocación no se deshace; el paciente puede consentir de nuevo.
consents-revoke-denial = Esta oposición deja de valer desde ahora: lo que permiten los consentimientos y las reglas puede volver a salir.
consents-revocation = Revocación
consents-waiting = Revocaciones que esperan respuesta
consents-waiting-what = Cuando una institución comunique que ha borrado lo recibido, o que ya no lo usa, anótelo aquí. Si es a tiempo, cuenta a su favor.
consents-answered = Ha respondido

## Who speaks for a patient, and who they are
consents-guardian = Representante legal
consents-guardian-none = nadie: el paciente habla por sí mismo
consents-guardian-sealed = designado; ya no se puede leer quién es
consents-guardian-now = El representante actual
consents-guardian-name = Designar un representante
consents-guardian-change = Cambiar el representante
consents-guardian-end = El paciente vuelve a hablar por sí mismo
consents-guardian-what = El representante puede consentir y oponerse en lugar del paciente, y sustituye al anterior. Lo que declaró sigue valiendo después, hasta su revocación.
consents-guardian-who = Quién, y por qué motivo
consents-guardian-who-hint = Por ejemplo un nombre y «auto 12/2026». Se guarda sellado con la clave del paciente.
consents-guardian-until-hint = Vacío: hasta que se le ponga fin.
consents-merge = Otros identificadores
consents-merge-do = Este identificador es el mismo paciente
consents-merge-what = Desde entonces, los consentimientos y oposiciones de cada identificador valen para ambos: un consentimiento de uno permite imágenes del otro, una oposición de uno detiene imágenes del otro. Consulte antes ambos. El paciente de arriba prevalece.
consents-unlink-do = Este identificador es otro paciente
consents-unlink-what = Deshace una fusión. Cada uno conserva lo registrado con su propio identificador, también entretanto: compruebe con cuál se registró.
consents-standing = Reputación
consents-standing-now = Reputación hoy: { $standing } de 1000.
consents-standing-note = Anotar qué habla a favor o en contra
consents-standing-what = Las reglas pueden tenerla en cuenta en la investigación y en lo que piden los propios pacientes. En la asistencia no existe. Oponerse, revocar o reclamar nunca la reduce.
consents-standing-proven = el paciente demostró su identidad
consents-standing-kept = se mantuvo un consentimiento hasta el final acordado
consents-standing-abused = se abusó de un enlace de autoservicio
consents-standing-do = Registrar

## What a patient takes home
consents-print-title = Lo que usted ha decidido sobre sus imágenes
consents-print-for = Para el paciente con el número { $id }.
consents-print-for-issued = Para el paciente con el número { $id } (asignado por { $issuer }).
consents-print-as-of = Situación al { $date }.
consents-print-none = Usted no ha dado ningún consentimiento ni se ha opuesto a nada.
consents-print-granted = Usted ha consentido
consents-print-denied = Usted se ha opuesto
consents-print-grant = Número { $number }. Puede recibir imágenes suyas: { $to }. Qué imágenes: { $images }. Para qué: { $purposes }. Válido { $valid }.
consents-print-deny = Número { $number }. No puede recibir imágenes suyas: { $to }. Qué imágenes: { $images }. Para qué: { $purposes }. Válido { $valid }.
consents-print-guardian = Lo declaró por usted quien puede consentir en su lugar.
consents-print-rights = Puede cambiar o revocar esto en cualquier momento, sin dar motivos. Díganos el número. Una oposición prevalece sobre un consentimiento.
consents-print-rules = Lo que puede enviarse sin su consentimiento, como en una urgencia, está en nuestras reglas; pídanoslas. Tiene derecho a saber qué se envió sobre usted y a quién: pídanos el informe.

## What left about a patient
consents-report-title = A quién se enviaron sus imágenes
consents-report-what = Para este informe se lee todo el registro; tarda un poco si es largo. Queda registrado que se elaboró.
consents-report-since = De qué período
consents-report-years =
    { $count ->
        [one] el último año
       *[other] los últimos { $count } años
    }
consents-report-suspended = También lo que por ahora no se comunica al paciente
consents-report-make = Elaborar el informe
consents-report-csv = Descargar como CSV
consents-report-html = Descargar como página (en inglés)
consents-report-span = Del { $since } al { $until }. Las fechas son las de { $zone }.
consents-report-not-for-patient = No es para el paciente: una autoridad ha hecho suspender el derecho a conocer parte de esto. Esa parte está marcada.
consents-report-nothing = En este período no se envió nada a nadie más.
consents-report-more = Hubo { $count } más, demasiados para esta lista.
consents-report-foot = Esta es la relación a la que tiene derecho (artículo 15 RGPD; 45 CFR 164.528). Lo enviado al mismo destinatario, con la misma finalidad y por el mismo motivo se indica una vez. Donde dice que usted había consentido, pudo hacerlo quien puede consentir en su lugar. Los números son los de las anotaciones de nuestro registro; con ellos las encontramos. Lo que un destinatario hizo después con sus imágenes lo sabe el destinatario.
consents-report-on = El { $first }
consents-report-often = El { $first }, { $times } veces
consents-report-between = Entre el { $first } y el { $last }, { $times } veces
consents-report-images = { $when }: se enviaron imágenes suyas a { $to }. Estudios: { $examinations }. Número de imágenes: { $images }. Para qué: { $purpose }. Por qué estaba permitido: { $because }.
consents-report-told = { $when }: se comunicó a { $to } que existen estudios suyos (cuántos: { $studies }). No se enviaron imágenes. Para qué: { $purpose }. Por qué estaba permitido: { $because }.
consents-report-uncertain = El envío se interrumpió o no ha terminado: quizá no llegó todo.
consents-report-entry = Anotación { $entry }.
consents-report-entries = Primera anotación { $first }, última { $last }.
consents-report-marked = [No comunicar al paciente por ahora]
consents-report-no-address = dirección desconocida
consents-report-observed = nuestras reglas lo desaconsejaban, pero entonces solo estaban a prueba y aún no se retenía nada
consents-report-emergency = era una urgencia, en la que pueden enviarse imágenes sin consentimiento
consents-report-consented = usted había consentido (n.º { $numbers })
consents-report-rules = nuestras reglas lo permiten
consents-report-rules-named = nuestras reglas lo permiten ({ $rules }; pídanos el texto)
consents-report-unknown-study = un estudio
consents-report-studies = { $count } estudios
consents-report-study = { $kind }, { $date }

## In plain words
date-in-words =
    { $day } de { $month ->
        [1] enero
        [2] febrero
        [3] marzo
        [4] abril
        [5] mayo
        [6] junio
        [7] julio
        [8] agosto
        [9] septiembre
        [10] octubre
        [11] noviembre
       *[12] diciembre
    } de { $year }
list-and = { $first } y { $last }
list-comma = { ", " }
purpose-plain-TREATMENT = tratamiento
purpose-plain-EMERGENCY = tratamiento que no puede esperar (urgencia)
purpose-plain-PATIENT_REQUEST = a petición del paciente
purpose-plain-RESEARCH = investigación
purpose-plain-OPERATIONS = funcionamiento del hospital, como calidad y docencia
purpose-plain-PAYMENT = facturación
modality-ct = tomografía computarizada
modality-mr = resonancia magnética
modality-us = ecografía
modality-x-ray = radiografía
modality-mg = mamografía
modality-xa = angiografía
modality-rf = fluoroscopia
modality-nm = medicina nuclear
modality-pt = tomografía por emisión de positrones
modality-es = endoscopia
modality-sm = microscopía
modality-eye = ojo
modality-heart = corazón
modality-bmd = densitometría ósea
modality-rt = radioterapia
modality-report = informe
modality-other = fotografía u otro

## Forms
patient-issuer-hint = Vacío si los identificadores no lo tienen.
patient-id-wrong = Un identificador tiene de 1 a 64 caracteres, sin barra inversa ni caracteres de control.
wrong-day = Un día se escribe 2026-01-31.
wrong-order = El último día es anterior al primero.
question-no = No, volver
recorded-as = Registrado como anotación { $entry }.
head-do = Acción
print = Imprimir
proof-entries = Anotaciones que lo prueban
proof-entries-hint = Números del registro, de 1 a 32, separados por espacios.

## Why something was not done
refusal-no-consent = No existe tal consentimiento: quizá ya se revocó.
refusal-no-patient-id = Se necesita un identificador de paciente.
refusal-unmet = La pasarela no conoce a ese paciente.
refusal-over = Esto ya no está pendiente: quizá alguien ya lo hizo. Vuelva a cargar la página.
refusal-text = Se necesita un texto de 1 a 2000 caracteres.
refusal-no-room = El disco está lleno: ahora no se puede registrar nada. Avise al administrador.
refusal-no-guardian = No hay representante designado para este paciente: designe uno primero.
refusal-merged = Ya son un solo paciente.
refusal-not-merged = Este identificador no se fusionó con el paciente de arriba.
refusal-many-ids = Este paciente tiene el máximo de identificadores: 32.
refusal-many-consents = Este paciente tiene el máximo de consentimientos: revoque los vencidos.
refusal-time = Un consentimiento empieza y termina antes del año 2255.
refusal-proof = Indique de 1 a 32 anotaciones del registro que lo prueben, por sus números.
refusal-reference = Una referencia tiene como máximo 64 caracteres: letras sin acentos, cifras y signos.
refusal-second-person = Hace falta una segunda persona: quien dio el primer paso no puede dar este. Pida a un colega que inicie sesión.
refusal-no-reason = Indique primero un motivo.
refusal-own-score = La propia institución no lleva puntuación de sí misma.
refusal-lapsed = Este aviso ha caducado: nadie decidió a tiempo.
refusal-held = La retención { $hold } (referencia { $reference }) lo impide. Levántela primero.
refusal-holds-nothing = Una retención afecta a una persona o a todas, y su primer año no es posterior al último.
refusal-oral = Una declaración oral vale 30 días como máximo, y una vez: para más tiempo debe ser por escrito.
refusal-suspension-over = Una suspensión termina más tarde que ahora.
refusal-own-disclosure = Las comunicaciones son a otras instituciones que la propia.
refusal-epoch = El año de esta época no ha terminado, o sus detalles ya se eliminaron.
