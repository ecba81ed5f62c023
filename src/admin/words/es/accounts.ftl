## Accounts
accounts = Usuarios y configuración
accounts-all = Cuentas
accounts-nobody = Todavía no puede iniciar sesión nadie. Añada una cuenta, o reinicie la pasarela y siga el enlace de instalación que muestra.
accounts-add = Añadir una cuenta
accounts-me = Mi cuenta
accounts-back = Todas las cuentas

## What an account is
accounts-head-account = Cuenta
accounts-head-roles = Roles
accounts-head-proof = Inicia sesión con
accounts-head-tokens = Tokens
accounts-enabled = activa
accounts-disabled = desactivada
accounts-by-passcode = contraseña
accounts-by-provider = proveedor de identidad

## What a role is for
role-pacs-admin = opera el sistema: pares, colas, registro y cuentas
role-compliance = busca, exporta, responde a los pacientes y decide sobre incidentes
role-auditor = lee y verifica, no cambia nada
role-patient-desk = registra consentimientos e imprime el informe de un paciente
role-rule-approver = aprueba reglas propuestas por otra persona

## What becomes of it
accounts-changes-end-sessions = Después de un cambio, quien tenga la sesión iniciada con esta cuenta debe volver a iniciarla.
accounts-set-roles = Fijar los roles
accounts-set-passcode = Fijar una contraseña
accounts-new-passcode = Contraseña nueva
accounts-passcode-again = La misma otra vez
accounts-passcodes-differ = Las dos contraseñas no coinciden.
accounts-passcode-or-provider = Deje la contraseña vacía si la persona inicia sesión con un proveedor de identidad.
accounts-fate = Bloquear o permitir
accounts-disable = Desactivar
accounts-disable-what = Nadie entra con esta cuenta ni con ninguno de sus tokens hasta que se vuelva a activar.
accounts-enable = Activar
accounts-enable-what = La cuenta vuelve a ser válida, y sus tokens también.
accounts-delete = Eliminar la cuenta
accounts-delete-what = La cuenta desaparece con sus tokens. Lo que consta en el libro permanece.
accounts-delete-sure = Sí, eliminar { $account }
accounts-delete-unsure = No se ha eliminado nada: marque la casilla para confirmar.

## Tokens
accounts-no-tokens = Ningún programa usa la API en nombre de esta cuenta.
accounts-head-machine = Máquina
accounts-head-id = Identificador
accounts-head-made = Creado
accounts-head-until = Válido hasta
accounts-head-change = Cambiar
accounts-until-revoked = hasta que se revoque
accounts-token-days =
    { $days ->
        [one] durante un día
       *[other] durante { $days } días
    }
accounts-token-make = Crear un token
accounts-token-revoke = Revocar
accounts-token-revoke-which = Revocar el token { $token }
accounts-token-once = Este es el token. Solo se muestra ahora: cópielo donde lo lea el programa.
accounts-token-how = El programa lo presenta en cada petición:

## What was done
accounts-done-added = La cuenta está creada.
accounts-done-roles = Los roles están fijados.
accounts-done-passcode = La contraseña está fijada.
accounts-done-disabled = Ya no entra nadie con esta cuenta.
accounts-done-enabled = La cuenta vuelve a ser válida.
accounts-done-revoked = El token ya no es válido.
accounts-done-removed = La cuenta está eliminada.
accounts-done-own-passcode = Su contraseña está cambiada. Todas sus demás sesiones han terminado.

## One's own account
accounts-no-session = La contraseña y las sesiones son de quien ha iniciado sesión con un navegador.
accounts-change-passcode = Cambiar mi contraseña
accounts-present-passcode = Contraseña actual
accounts-present-wrong = Esa no es su contraseña.
accounts-own-by-provider = Usted inicia sesión con un proveedor de identidad: su contraseña se cambia allí.
accounts-language = Idioma de las páginas
accounts-sessions = Mis sesiones
accounts-head-begun = Inicio
accounts-head-seen = Última actividad
accounts-head-from = Desde
accounts-head-which = Cuál
accounts-this-session = esta
accounts-sign-out-everywhere = Cerrar todas las sesiones

## Settings
accounts-settings = Configuración
accounts-version = Versión
accounts-time-zone = Zona horaria de las páginas
accounts-api = Descripción de la API (OpenAPI)
accounts-metrics = Métricas (OpenMetrics)
accounts-configuration = Valores en vigor
accounts-head-key = Clave del archivo
accounts-head-value = Valor
accounts-settings-where = Estos valores se cambian en el archivo de configuración y rigen desde el próximo arranque. docs/configuration.md los describe todos.
