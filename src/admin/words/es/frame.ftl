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
