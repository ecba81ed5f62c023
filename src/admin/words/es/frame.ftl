## Around every page
skip = Ir al contenido
menu = Menú
language = Idioma
choose = Elegir
times-in-zone = Horas en { $zone }
sign-out = Cerrar sesión
back-to-overview = Volver al resumen
problem-forbidden = No permitido con sus roles
problem-not-found = Aquí no hay nada
problem-refused = No realizado
problem-unavailable = No disponible ahora
tamper-alarm = El registro no está como se escribió.
tamper-alarm-see = Ver lo que se encontró

## Signing in
sign-in = Iniciar sesión
account-name = Cuenta
account-name-wrong = Un nombre de cuenta tiene de 1 a 64 letras, cifras, puntos, guiones y guiones bajos.
passcode = Contraseña
passcode-hint = Al menos { $characters } caracteres.
sign-in-wrong = La cuenta y la contraseña no coinciden.
sign-in-wait =
    { $seconds ->
        [one] Demasiados intentos: vuelva a probar en un segundo.
       *[other] Demasiados intentos: vuelva a probar en { $seconds } segundos.
    }
sign-in-busy = Nadie puede iniciar sesión ahora. Inténtelo de nuevo.
sign-in-oidc = Iniciar sesión con { $provider }
sign-in-done = Ha iniciado sesión
sign-in-go-on = Continuar
sign-in-oidc-unavailable = No se puede contactar con el proveedor de identidad, o no responde como debe. Inténtelo de nuevo o inicie sesión con contraseña.
sign-in-oidc-refused = El proveedor de identidad no le ha dejado entrar.
sign-in-oidc-stale = Este inicio de sesión ya no vale: tardó demasiado, ya se usó o empezó en otro navegador. Empiece de nuevo.
sign-in-oidc-unproven = Lo que dice el proveedor de identidad no es fiable. Avise a quien opera la pasarela: su registro dice por qué.
sign-in-oidc-no-account = Aquí no hay una cuenta activa para usted. Diríjase a quien administra las cuentas.
set-up = La primera cuenta
set-up-what = Esta cuenta gestiona nodos, colas y cuentas. Crea las cuentas de los demás.
set-up-make = Crear la cuenta

## Words of the contract
verdict-permit = permitido
verdict-deny = denegado
verb-store = almacenar
verb-query = consultar
verb-retrieve = recuperar
purpose-TREATMENT = tratamiento
purpose-EMERGENCY = urgencia (rotura de cristal)
purpose-PATIENT_REQUEST = a petición del paciente
purpose-RESEARCH = investigación
purpose-OPERATIONS = operaciones
purpose-PAYMENT = facturación
outcome-completed = completado
outcome-failed = fallido
outcome-interrupted = interrumpido
outcome-cancelled = cancelado
outcome-stopped = detenido

## Heads of tables
head-when = Cuándo
head-code = Código
head-what = Qué
head-requester = Solicitante
head-verb = Solicitud
head-why = Por qué
head-queue = Cola
head-state = Estado
head-waiting = En espera
head-dead = No entregables
head-quarantined = En cuarentena
head-institution = Institución
head-score = Puntuación
head-of-1000 = De 1000
head-entry = Entrada
head-decision = Decisión
head-recipient = Destinatario
head-patient = Paciente
head-purpose = Finalidad
head-answer = Respuesta
head-outcome = Resultado
head-detail = Detalle
head-status = Estado DICOM
head-bytes = Volumen
head-rate = Velocidad
head-instance = Instancia
head-instances = Imágenes
head-failed = Fallidas
head-warned = Con advertencia
head-spooled = En cola
head-ended = Fin
head-fault = Fallo de
head-tries = Intentos
head-consent = Consentimiento
head-speaks = Sobre esta solicitud

## Looking for something
search = Buscar
search-clear = Borrar
any = todos
older = Anteriores
none-so-far = Nada entre los más recientes. Continúe con los anteriores.
there-is-more = Hay más de lo que se muestra aquí.
ae-title = título AE
field-ae = Título AE
field-user = Usuario
field-from = Desde
field-to = Hasta
field-other = Un campo
field-unreadable = { $field }: no se puede leer.
field-patient-id = ID del paciente
field-patient-issuer = Emisor del ID del paciente
study-instance-uid = Study Instance UID
show-patient = Mostrar quién es
look-is-recorded = Esta consulta queda anotada en el registro.

## Why something was refused
reason-no-consent = sin consentimiento
reason-no-patient = ningún paciente identificado
reason-no-rule = ninguna regla lo permite
reason-no-contract = ningún contrato vigente
reason-rule-error = error en una regla
reason-plain = se exige transporte cifrado
reason-denied = denegado por el paciente
reason-emergency-limit = límite de accesos de urgencia alcanzado
