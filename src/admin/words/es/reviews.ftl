## Reviews
reviews = Revisiones e incidentes
reviews-waiting = Accesos por revisar
reviews-none = Ningún acceso espera revisión. Los accesos de urgencia aparecen aquí.
reviews-due = Vence
reviews-overdue = vencida
reviews-reason = Motivo
reviews-reason-by = indicado por { $by }
reviews-reason-missing = no indicado
reviews-reason-none = Aún no se indicó ningún motivo. Quien accedió, o responde de ello, dice abajo por qué.
reviews-reason-show = Mostrar el motivo
reviews-reason-show-what = El texto está sellado y puede nombrar al paciente. Queda registrado que se le mostró.
reviews-reason-sealed = El texto está sellado; se muestra a quienes pueden ver la identidad de los pacientes.
reviews-reason-gone = El texto ya no puede abrirse: el paciente fue olvidado, o venció el plazo.
reviews-one = Revisión de la decisión { $decision }
reviews-back = Volver a revisiones e incidentes
reviews-give = Indicar un motivo
reviews-give-why = Por qué se accedió
reviews-give-hint = Sellado con la clave del paciente. Un motivo posterior no sustituye a uno anterior.
reviews-give-do = Registrar el motivo
reviews-close = Resolver y cerrar la revisión
reviews-close-what = Primero hace falta un motivo. Quien dio el último motivo no puede declararlo justificado: lo hace una segunda persona, mejor si no participó. Injustificado, cuesta crédito a la institución solicitante.
reviews-justified = Justificado
reviews-unjustified = Injustificado
rows-more =
    { $count ->
        [one] Hay { $count } más que no se muestra aquí.
       *[other] Hay { $count } más que no se muestran aquí.
    }

## Incidents
reviews-incidents = Incidentes notificados
reviews-incidents-none = Ningún aviso espera árbitro.
reviews-report = Notificar un incidente
reviews-report-what = Declara que una institución obró mal. Aún no se carga nada: otra persona decide como árbitro y examina las anotaciones que lo prueban.
reviews-report-do = Notificar
reviews-report-number = Aviso
reviews-reported-by = Notificado por
reviews-kind = Qué hizo
reviews-reference = Referencia
reviews-reference-hint = Número de expediente, 64 caracteres como máximo. Nunca datos de pacientes.
reviews-lapses = Caduca
reviews-lapsed = caducado
reviews-arbiter = Como árbitro
reviews-arbiter-what = El árbitro es otra persona que quien lo notificó.
reviews-uphold = Confirmar
reviews-dismiss = Desestimar
incident-digest-mismatch = lo recibido no es lo enviado
incident-purpose-misuse = usado para otra finalidad
incident-revocation-ignored = no se respetó una revocación
incident-onward-disclosure = cedido a terceros sin permiso
incident-equivocation = declaraciones firmadas contradictorias, o manipulación
reviews-charges = Cargos que pueden retirarse
reviews-charges-none = No hay cargos contra nadie.
reviews-charge-was = Unidades entonces
reviews-charge-left = Unidades hoy
reviews-reverse = Retirar
reviews-reverse-this = Retirar el cargo de la anotación { $entry }
reviews-reverse-what = Lo que queda del cargo desaparece, y con él su tope. Es una anotación propia; la anterior permanece.
reviews-lift = Levantar el tope
reviews-lift-this = Levantar el tope que fijó la anotación { $entry }
reviews-lift-what = La puntuación puede volver a superarlo. El cargo en sí permanece.
reviews-receipts = Recibos que no llegaron
reviews-receipts-what = La pasarela de la otra institución no ha firmado lo que recibió. Pregunte allí; lo que firme de otro modo se carga solo.

## Records: what is held, suspended and forgotten
reviews-records = Retenciones, suspensiones y conservación
records-holds = Retenciones legales
records-holds-what = Lo retenido no se olvida ni se elimina.
records-holds-none = No hay retenciones.
records-hold = Imponer una retención
records-hold-whose = Indique de quién: un paciente, o todos, y no ambos.
records-hold-lift = Levantar
records-hold-lift-this = Levantar la retención { $entry }
records-hold-lift-what = Lo retenido podrá olvidarse y eliminarse. Puede imponer otra retención, pero lo eliminado entretanto se ha perdido.
records-everybody = todos
records-everybody-tick = Los detalles de todos
records-years = Años
records-years-all = todos
records-from-year = A partir de este año
records-until-year = Hasta este año
records-year-wrong = Un año se escribe 2026.
records-suspensions = Suspensiones del derecho del paciente a saber
records-suspensions-what = Una autoridad declara que decir al paciente lo que recibió entorpecería su labor, y durante cuánto tiempo (45 CFR 164.528(a)(2)). Hasta entonces el informe del paciente lo omite sin decirlo.
records-suspensions-none = No hay suspensiones vigentes.
records-suspend = Suspender
records-resume = Ponerle fin
records-agency = Autoridad
records-agency-wrong = Elija una institución de la configuración.
records-statement = Cómo lo declaró
records-statement-wrong = Elija cómo lo declaró la autoridad.
records-written = por escrito
records-oral = de palabra
records-until = Hasta
records-until-wrong = Una declaración escrita indica su último día.
records-last-day = Último día
records-suspend-until-hint = De palabra: 30 días como máximo, y 30 si se deja vacío.
records-said = Quién habló por la autoridad, y qué dijo
records-said-hint = Se guarda sellado.
records-retention = Conservación de los detalles sellados
records-retention-what = Una época es un año natural de una clase de conservación. Eliminar sus detalles destruye su clave; las líneas del registro permanecen, y con ellas toda prueba.
records-retention-none = Ninguna época tiene detalles.
records-epoch = Época
records-kept = Se conserva
records-kept-years =
    { $count ->
        [one] { $count } año
       *[other] { $count } años
    }
records-due = plazo cumplido
records-not-due = aún se conserva
records-held-by = retención { $entry }
records-drop-ask = Eliminar…
records-drop-this = Eliminar los detalles de { $epoch }
records-drop-final = Es definitivo: nadie podrá volver a abrir estos detalles, de ningún paciente.
records-drop-do = Destruir la clave
records-erasing = Olvidar a un paciente
records-erasing-what = Destruye la clave de todo lo sellado sobre un paciente (artículo 17 RGPD). Las líneas del registro permanecen y solo conocen al paciente por un seudónimo aleatorio. Se rechaza mientras haya una retención sobre el paciente.
records-erase = Olvidar a este paciente
records-erase-ask = Olvidar…
records-erase-why = Por qué
records-erase-final = Es definitivo: nadie puede recuperarlo. Terminan los consentimientos y oposiciones de la persona, con todos los identificadores fusionados. Quien guarde en otro lugar una copia de la clave de envoltura la sustituye y hace una nueva copia de seguridad.
records-erase-do = Olvidar definitivamente
records-no-longer-necessary = ya no es necesario
records-consent-withdrawn = consentimiento retirado
records-objection = oposición
records-unlawful = registrado ilícitamente
records-legal-obligation = obligación legal
records-recorded-in-error = registrado de la persona equivocada
